import { toUtf8 } from '../core/lib/bytes.ts'
import { createNonce } from '../core/token/secrets.ts'
import { macOf } from '../core/token/token.ts'

export type AddressHash = (address: string) => string

const DAY_MS = 86_400_000

/**
 * Hashes addresses with a random key of this process, which is replaced each day. There are so few addresses that somebody with the
 * key could try them all, so nobody keeps the key.
 */
export function createAddressHash(clock: () => number): AddressHash {
  let key = newKey()
  let day = dayOf(clock())
  return (address) => {
    const today = dayOf(clock())
    if (today !== day) key = newKey()
    day = today
    return `#${macOf(key, address).slice(0, 12)}`
  }
}

function newKey(): Uint8Array {
  return toUtf8(createNonce() + createNonce())
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}
