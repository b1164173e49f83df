import type { RequestView } from '../core/contracts/carrier.ts'
import { isForwarded } from '../core/lib/view.ts'
import { isPrivate } from './_network.ts'

/** A proxy is in front, and the adapter was not told to trust it: all clients have the address of the proxy. */
export function hidesClients(view: RequestView): boolean {
  const { peer } = view
  if (!isForwarded(view)) return false
  // A Unix socket has no address.
  if (peer === null) return true
  const named = ['forwarded', 'x-forwarded-for', 'x-real-ip'].map((name) => view.header(name)).join()
  return isPrivate(peer) && !named.includes(peer)
}
