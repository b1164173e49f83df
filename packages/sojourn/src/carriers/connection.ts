import type { RequestView } from '../core/contracts/carrier.ts'
import { hostnameOf, isLoopbackAddress, isLoopbackHostname, toHostname } from '../core/lib/host.ts'

const FORWARDING = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
] as const

/** Whether a proxy says that it is in front. Anybody can say so: a reason to be stricter, never to be easier. */
export function isForwarded(view: RequestView): boolean {
  return FORWARDING.some((name) => view.header(name) !== null)
}

/** Whether a proxy says that the client came over TLS. */
export function saysHttps(view: RequestView): boolean {
  return /https/i.test(`${view.header('x-forwarded-proto')} ${view.header('forwarded')}`)
}

/** From this machine, to this machine by one of its loopback names. */
export function isLoopback(view: RequestView): boolean {
  return (view.peer === null || isLoopbackAddress(view.peer)) && isLoopbackHostname(hostnameOf(view))
}

/** Whether the page behind the request is this machine's too, or not told. */
export function isLoopbackOrigin(view: RequestView): boolean {
  const origin = view.header('origin')
  if (origin === null || origin === 'null') return true
  return isLoopbackHostname(toHostname(origin.toLowerCase().replace(/^https?:\/\//, '')))
}

/**
 * A developer's own browser, talking to this machine without a proxy between. A proxy of production can rewrite `Host`
 * to `localhost` and come from this machine, without one forwarding header (nginx does, unless told otherwise): the
 * `Origin` that browsers send with a login still names the real host, and is heeded.
 */
export function isLocalDevelopment(view: RequestView): boolean {
  return !view.secure && isLoopback(view) && !isForwarded(view) && isLoopbackOrigin(view)
}
