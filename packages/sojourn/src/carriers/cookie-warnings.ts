import type { RequestView } from '../core/contracts/carrier.ts'
import { hostnameOf } from '../core/lib/host.ts'
import { isForwarded, isLoopback, isLoopbackOrigin, saysHttps } from './connection.ts'
import type { CookieForm } from './cookie-options.ts'

/** `sent`: the cookie as this response sends it. `wanted`: the cookie as configured. */
type Applies = (view: RequestView, sent: CookieForm, wanted: CookieForm) => boolean

/**
 * Why a browser would drop the cookie, or not send it again. The texts repeat nothing from the request because clients wrote it.
 */
const WARNINGS: readonly (readonly [Applies, string])[] = [
  [
    (view, sent) => sent.secure && !view.secure && saysHttps(view),
    'it is Secure, and we cannot tell whether the client connected over HTTPS: a proxy reports it, but is not trusted. If the proxy is yours, set trustProxy; Fastify needs its address there, not a number.',
  ],
  [
    (view, sent) => sent.secure && !view.secure && view.header('x-forwarded-proto')?.toLowerCase() === 'http',
    'it is Secure, and X-Forwarded-Proto reports that the client connected over plain HTTP. Serve over HTTPS; if the client did connect over HTTPS, a second proxy has overwritten the header: configure that one to pass it on.',
  ],
  [
    (view, sent) => sent.secure && !view.secure && !saysHttps(view) && (!isLoopback(view) || isForwarded(view)),
    'it is Secure, and the request came over plain HTTP. Serve over HTTPS; if a proxy in front does, configure it to send X-Forwarded-Proto, and set trustProxy.',
  ],
  [
    (view) => isLoopback(view) && !isLoopbackOrigin(view),
    'the request is for localhost, but its Origin is not. In production, configure the proxy in front to pass Host on, and set NODE_ENV; in development, open the page on localhost.',
  ],
  [
    (view, { domain }) => domain !== null && !`.${hostnameOf(view)}`.endsWith(`.${domain}`),
    'its domain is neither the host of this request nor a parent of it. Correct the domain; if a proxy in front changes Host, configure it to pass Host on.',
  ],
  [
    // A page of another site can set a Lax or Strict cookie only by navigating the whole tab (RFC 6265bis, section 5.7).
    (view, _, { sameSite }) =>
      sameSite !== 'none' &&
      view.header('sec-fetch-site') === 'cross-site' &&
      view.header('sec-fetch-dest') !== 'document',
    "a script or frame of another site made the request. To be embedded there, set sameSite: 'none' and partitioned: true.",
  ],
  [
    (_, sent, wanted) => sent.sameSite !== wanted.sameSite,
    "sameSite: 'none' needs HTTPS. On http://localhost the cookie is sent with 'lax', so other sites cannot embed this one.",
  ],
]

/** Reports each reason once, however many requests there are. */
export function createWarnings(
  wanted: CookieForm,
  warn: (message: string) => void,
): (sent: CookieForm, view: RequestView) => void {
  let remaining = WARNINGS
  return (sent, view) => {
    const found = remaining.find(([applies]) => applies(view, sent, wanted))
    if (found === undefined) return
    remaining = remaining.filter((warning) => warning !== found)
    warn(`sojourn: browsers may drop the cookie "${sent.name}": ${found[1]}`)
  }
}
