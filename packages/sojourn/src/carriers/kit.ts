/**
 * For authors of carriers: sessions that arrive as another text than our own token.
 * @module sojourn/carriers/kit
 */
export { type Adoption, adopt, type OldSession } from '../core/request/adopt.ts'
export { type Vouching, vouch } from '../core/request/vouch.ts'
