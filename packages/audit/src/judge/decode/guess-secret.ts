import type { Decoded, DecodedKind } from './decoded.ts'
import { verifyIron, verifyLaravel } from './formats/encrypted.ts'
import { verifyJwt } from './formats/jwt.ts'
import { verifyDjango, verifyFlask, verifyFlaskLogin } from './formats/python.ts'
import { verifyRailsEncrypted, verifyRailsSigned } from './formats/rails.ts'
import { verifyCookieSession, verifyExpress, verifyGorilla, verifyPlay, verifyTornado } from './formats/signed.ts'
import type { Verify } from './signatures.ts'
import { WELL_KNOWN_SECRETS } from './well-known-secrets.ts'

const VERIFY: Partial<Readonly<Record<DecodedKind, Verify>>> = {
  jwt: verifyJwt,
  'express-signed': verifyExpress,
  'cookie-session': verifyCookieSession,
  flask: verifyFlask,
  'flask-login': verifyFlaskLogin,
  'django-signed': verifyDjango,
  tornado: verifyTornado,
  'rails-signed': verifyRailsSigned,
  'rails-encrypted': verifyRailsEncrypted,
  laravel: verifyLaravel,
  gorilla: verifyGorilla,
  play: verifyPlay,
  iron: verifyIron,
}

/**
 * Returns the well-known secret that a token is signed with, or `null`. `null` does not prove that the secret is strong. Formats
 * whose signature depends on more than the secret (Phoenix, ASP.NET) are not tried.
 */
export function guessSecret(decoded: Decoded, secrets: readonly string[] = WELL_KNOWN_SECRETS): string | null {
  const verify = VERIFY[decoded.kind]
  const { signature } = decoded
  if (verify === undefined || signature === undefined || signature.value === '') return null
  return secrets.find((secret) => verify(secret, signature, decoded)) ?? null
}

export function canGuess({ kind, signature }: Decoded): boolean {
  return VERIFY[kind] !== undefined && signature !== undefined && signature.value !== ''
}
