import { toUtf8 } from '../../core/lib/bytes.ts'
import { createNonce } from '../../core/token/secrets.ts'
import { equalText, hashSecret } from '../../core/token/token.ts'
import type { Binding, Challenge, Credential, Offer } from './note.ts'
import type { PublicKey } from './proof.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** How long the browser may take to register after the offer: it makes a key, perhaps in slow hardware. */
const OFFER_MS = 5 * MINUTE
/** A proof that is sent again within this time gets the same response, because the first one may have been lost. */
const RESEND_MS = 30 * SECOND
/** The server accepts a bound cookie for this long after the browser dropped it: requests take time, and clocks differ. */
const LEEWAY_MS = MINUTE
/** A challenge is sent ahead with each cookie, so it must outlive that cookie. */
const CHALLENGE_MS = 5 * MINUTE
const MAX_CHALLENGES = 4

export function hashText(text: string): string {
  return hashSecret(toUtf8(text))
}

export function createOffer(now: number): Offer {
  return { challenge: createNonce(), authorization: createNonce(), until: now + OFFER_MS }
}

export function createChallenge(now: number, lifetimeMs: number): Challenge {
  return { text: createNonce(), until: now + lifetimeMs + CHALLENGE_MS }
}

/**
 * The bound cookie that a proof yields. Derived, so that the same proof yields the same cookie without the cookie being stored: it
 * takes the proof, which only the browser and this response know, and the nonce, which only the store knows.
 */
export function toCookieValue(proof: string, nonce: string): string {
  return hashText(`sojourn device-bound v1 ${nonce} ${proof}`)
}

/** What an accepted proof adds to a binding: a cookie, a challenge for the next time, and the memory of the proof. */
interface Accepted extends Pick<Binding, 'current' | 'proof'> {
  readonly next: Challenge
}

function accept(proof: string, now: number, lifetimeMs: number): Accepted {
  const nonce = createNonce()
  const hash = hashText(toCookieValue(proof, nonce))
  return {
    current: { hash, provedAt: now, until: now + lifetimeMs + LEEWAY_MS },
    proof: { hash: hashText(proof), nonce, until: now + RESEND_MS },
    next: createChallenge(now, lifetimeMs),
  }
}

export function createBinding(key: PublicKey, proof: string, now: number, lifetimeMs: number): Binding {
  const { next, ...accepted } = accept(proof, now, lifetimeMs)
  return { id: createNonce(), key, boundAt: now, challenges: [next], ...accepted }
}

/** The binding after a proof of `used`, one of its challenges. */
export function renewBinding(
  binding: Binding,
  used: Challenge,
  proof: string,
  now: number,
  lifetimeMs: number,
): Binding {
  const { next, ...accepted } = accept(proof, now, lifetimeMs)
  const { unprovenAt: _, current: previous, ...rest } = binding
  const left = binding.challenges.filter((one) => one !== used && one.until > now)
  return { ...rest, challenges: [...left, next].slice(-MAX_CHALLENGES), previous, ...accepted }
}

/** Whether this proof was accepted moments ago. The whole text is compared, signature included. */
export function isResent(binding: Binding, proof: string, now: number): boolean {
  return now < binding.proof.until && equalText(hashText(proof), binding.proof.hash)
}

export function findChallenge(binding: Binding, text: string, now: number): Challenge | undefined {
  return binding.challenges.find((one) => equalText(one.text, text) && now < one.until)
}

/**
 * The challenge to sign now, and the binding with it if it is a new one. A challenge that is there already is sent again, so a
 * client that sends wrong proofs cannot displace the one that the honest browser signs.
 */
export function issueChallenge(
  binding: Binding,
  now: number,
  lifetimeMs: number,
): { readonly challenge: Challenge; readonly changed: Binding | null } {
  const newest = binding.challenges.at(-1)
  if (newest !== undefined && newest.until - now > (lifetimeMs + CHALLENGE_MS) / 2) {
    return { challenge: newest, changed: null }
  }
  const challenge = createChallenge(now, lifetimeMs)
  const left = binding.challenges.filter(({ until }) => until > now)
  return { challenge, changed: { ...binding, challenges: [...left, challenge].slice(-MAX_CHALLENGES) } }
}

/** When the browser proved itself for one of these cookies, or `null` if none of them is valid. */
export function provedAt({ current, previous }: Binding, cookies: readonly string[], now: number): number | null {
  const isValid = (credential: Credential | undefined, hash: string): credential is Credential =>
    credential !== undefined && equalText(credential.hash, hash) && now < credential.until
  for (const hash of cookies.map(hashText)) {
    if (isValid(current, hash)) return current.provedAt
    if (isValid(previous, hash)) return previous.provedAt
  }
  return null
}

/** How long the browser should keep the current cookie. */
export function maxAgeSeconds({ current }: Binding, now: number): number {
  return Math.max(1, Math.floor((current.until - LEEWAY_MS - now) / SECOND))
}
