import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { isPromise } from '../../core/lib/maybe.ts'
import { within } from '../../core/lib/within.ts'
import { isPrivate, toPlainAddress } from '../_network.ts'
import { type Network, type Place, toNetwork } from './_place.ts'
import { createMemory } from './_remember.ts'

/** Returns where an address is; `null` if it is not known. The address has no port and no zone, and IPv4 is not written as IPv6. */
export type Locate = (address: string) => MaybePromise<Place | null | undefined>

export type LookUp = (peer: string | null, nowMs: number) => MaybePromise<Network | null>

const MOST_ADDRESSES = 5000
/** Data about addresses changes in days. */
const KEPT_MS = 60 * 60_000
/** A slow look-up must not hold requests. */
const MOST_MS = 500
/** After a failure, addresses are not known for this long. */
const REST_MS = 60_000

interface Known {
  readonly network: Network | null
  readonly fromMs: number
  readonly untilMs: number
}

/**
 * Looks up the network of an address, and remembers it for an hour. If the look-up fails, that request throws its error, and for a
 * minute the address is not known, so nothing is said about its network. If it fails late, a service is down, and for that minute it
 * is not asked for any address. A local file that fails for one address does not hide the others.
 */
export function createLookUp(locate: Locate | undefined): LookUp {
  const known = createMemory<Known>(MOST_ADDRESSES, KEPT_MS)
  let restsUntilMs = 0

  function learn(peer: string, network: Network | null, nowMs: number, forMs = KEPT_MS): Network | null {
    known.set(peer, { network, fromMs: nowMs, untilMs: nowMs + forMs })
    return network
  }

  function ask(locate: Locate, peer: string, address: string, nowMs: number): MaybePromise<Network | null> {
    try {
      const place = locate(address)
      if (!isPromise(place)) return learn(peer, toNetwork(peer, place ?? null), nowMs)
      return within(MOST_MS, place, late).then(
        (late) => learn(peer, toNetwork(peer, late ?? null), nowMs),
        (error: unknown) => {
          restsUntilMs = nowMs + REST_MS
          throw error
        },
      )
    } catch (error) {
      learn(peer, null, nowMs, REST_MS)
      throw error
    }
  }

  return (peer, nowMs) => {
    if (peer === null) return null
    const found = known.get(peer)
    if (found !== undefined && nowMs < found.untilMs && nowMs >= found.fromMs) return found.network
    const address = toPlainAddress(peer)
    if (address === null) return null
    // A private address is that of a proxy or of an intranet, which says nothing about a provider.
    if (isPrivate(peer)) return learn(peer, null, nowMs)
    if (locate === undefined) return learn(peer, toNetwork(peer, null), nowMs)
    return nowMs < restsUntilMs && nowMs >= restsUntilMs - REST_MS ? null : ask(locate, peer, address, nowMs)
  }
}

const late = () => new SessionError('ERR_GUARD', 'locate did not answer in time.')
