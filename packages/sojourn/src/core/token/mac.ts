/** Cryptography for parts outside of core, which do not import the platform's. */
export { decrypt, encrypt, fromBase64url, hmacSha256, sha256Text, toBase64url } from '#crypto'
