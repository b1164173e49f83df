import type { RequestView } from '../core/carrier.ts'
import { hostnameOf } from '../core/host.ts'
import { clientScheme, isLoopback, isLoopbackOrigin } from './connection.ts'
import type { CookieForm } from './cookie-options.ts'

interface Doubt {
  /** `sent`: the cookie as it goes on this response; `wanted`: as it was configured. */
  applies(sent: CookieForm, wanted: CookieForm, view: RequestView): boolean
  readonly message: string
}

/** Why a browser would drop the cookie, or not send it again. No word of the request is repeated: clients wrote it. */
const DOUBTS: readonly Doubt[] = [
  {
    applies: (sent, _, view) => sent.secure && !isLoopback(view) && clientScheme(view) === 'http',
    message:
      'it is Secure, and this request came over plain HTTP. Serve over HTTPS; behind a proxy that ends TLS, set trustProxy and let the proxy send X-Forwarded-Proto.',
  },
  {
    applies: (sent, _, view) => sent.secure && !view.secure && clientScheme(view) !== 'http',
    message:
      'it is Secure, and this request came over plain HTTP, from a proxy as it says. If a proxy of yours ends TLS, set trustProxy; if none does, serve over HTTPS.',
  },
  {
    applies: (_, __, view) => isLoopback(view) && !isLoopbackOrigin(view),
    message:
      'the request is for localhost, but its Origin names another host. Let the proxy in front pass the Host header on, send X-Forwarded-Proto, and set NODE_ENV to production.',
  },
  {
    applies: ({ domain }, _, view) => domain !== null && !`.${hostnameOf(view)}`.endsWith(`.${domain}`),
    message:
      'its domain is not the host of this request, nor a parent of it. Correct the domain; behind a proxy, let it pass the Host header on.',
  },
  {
    // A page of another site can set a Lax or Strict cookie only by navigating the whole tab (RFC 6265bis, section 5.7).
    applies: (_, { sameSite }, view) =>
      sameSite !== 'none' &&
      view.header('sec-fetch-site') === 'cross-site' &&
      view.header('sec-fetch-dest') !== 'document',
    message:
      "a page of another site made this request, by script or in a frame. To be embedded in other sites, set sameSite: 'none' and partitioned: true.",
  },
  {
    applies: (sent, wanted) => sent.sameSite !== wanted.sameSite,
    message:
      "sameSite: 'none' needs HTTPS; on http://localhost it is 'lax', so pages of other sites cannot use the session.",
  },
]

/** Tells each reason once, whatever the number of requests. */
export function createWarnings(
  wanted: CookieForm,
  warn: (message: string) => void,
): (sent: CookieForm, view: RequestView) => void {
  let untold = DOUBTS
  return (sent, view) => {
    const found = untold.find((doubt) => doubt.applies(sent, wanted, view))
    if (found === undefined) return
    untold = untold.filter((doubt) => doubt !== found)
    warn(`The session cookie "${sent.name}" may get lost: ${found.message}`)
  }
}
