/** Cryptography for parts outside of core, which do not import the platform's. */
export { fromBase64url, hmacSha256, toBase64url } from '#crypto'
