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

/** Whether a forwarding header is present. Any client can send one, so it may only make a decision stricter. */
export function isForwarded(view: RequestView): boolean {
  return FORWARDING.some((name) => view.header(name) !== null)
}

/** Whether a forwarding header states that the client used TLS. */
export function saysHttps(view: RequestView): boolean {
  return /https/i.test(`${view.header('x-forwarded-proto')} ${view.header('forwarded')}`)
}

/** Whether the request comes from this machine and addresses it by a loopback name. */
export function isLoopback(view: RequestView): boolean {
  return (view.peer === null || isLoopbackAddress(view.peer)) && isLoopbackHostname(hostnameOf(view))
}

/** Whether the page behind the request is on this machine, or unknown. */
export function isLoopbackOrigin(view: RequestView): boolean {
  const origin = view.header('origin')
  if (origin === null || origin === 'null') return true
  return isLoopbackHostname(toHostname(origin.toLowerCase().replace(/^https?:\/\//, '')))
}

/**
 * Whether a developer's own browser made the request, without a proxy between. A production proxy on this machine can rewrite
 * `Host` to `localhost` and send no forwarding header (nginx does by default). The `Origin` that browsers send with a login then
 * still names the real host, so it is checked too.
 */
export function isLocalDevelopment(view: RequestView): boolean {
  return !view.secure && isLoopback(view) && !isForwarded(view) && isLoopbackOrigin(view)
}
