import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { Passkey, User } from './users.ts'

/** RFC 8176: `hwk` is a key that stays on one device, `swk` one that is synchronized. */
export type KeyMethod = 'hwk' | 'swk'

/** The site for which passkeys are made. Nothing of it comes from a client: a phishing site would send its own name. */
export interface Site {
  /** `https://shop.example` */
  readonly origin: string
  /** `shop.example` */
  readonly host: string
}

export function siteOf(origin: string): Site {
  return { origin, host: new URL(origin).hostname }
}

/** What the browser needs to make a passkey. */
export function registrationOptions(
  { host }: Site,
  user: User,
  passkeys: readonly Passkey[],
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return generateRegistrationOptions({
    rpName: 'Wayside',
    rpID: host,
    userID: new TextEncoder().encode(user.id),
    userName: user.email,
    userDisplayName: user.name,
    // One passkey for each device is enough.
    excludeCredentials: passkeys.map(toDescriptor),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
  })
}

/** What the browser needs to prove that it has one of these passkeys. */
export function proofOptions(
  { host }: Site,
  passkeys: readonly Passkey[],
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return generateAuthenticationOptions({
    rpID: host,
    allowCredentials: passkeys.map(toDescriptor),
    userVerification: 'required',
  })
}

/** Returns the new passkey, `null` if the response is not one to this challenge on this site. */
export async function verifyRegistration(site: Site, challenge: string, response: unknown): Promise<Passkey | null> {
  const result = await verifyRegistrationResponse({
    response: response as RegistrationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: site.origin,
    expectedRPID: site.host,
    requireUserVerification: true,
  }).catch(() => null)
  if (result === null || !result.verified) return null
  const { id, publicKey, counter, transports = [] } = result.registrationInfo.credential
  return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, transports, createdAt: Date.now() }
}

export interface Proof {
  /** As it is to be stored now: the counter has moved on. */
  readonly passkey: Passkey
  readonly method: KeyMethod
}

/** Returns the proof, `null` if it is not one of these passkeys, or not a response to this challenge on this site. */
export async function verifyProof(
  site: Site,
  challenge: string,
  passkeys: readonly Passkey[],
  response: unknown,
): Promise<Proof | null> {
  const given = response as AuthenticationResponseJSON
  const passkey = passkeys.find(({ id }) => id === given?.id)
  if (passkey === undefined) return null
  const { id, publicKey, counter, transports } = passkey
  const result = await verifyAuthenticationResponse({
    response: given,
    expectedChallenge: challenge,
    expectedOrigin: site.origin,
    expectedRPID: site.host,
    requireUserVerification: true,
    credential: { id, publicKey: Buffer.from(publicKey, 'base64url'), counter, transports: [...transports] },
  }).catch(() => null)
  if (result === null || !result.verified) return null
  const { newCounter, credentialDeviceType } = result.authenticationInfo
  const method = credentialDeviceType === 'singleDevice' ? 'hwk' : 'swk'
  return { passkey: { ...passkey, counter: newCounter }, method }
}

function toDescriptor({ id, transports }: Passkey): { id: string; transports: string[] } {
  return { id, transports: [...transports] }
}
