import type { RequestView } from '../core/contracts/carrier.ts'
import type { Answer } from '../core/contracts/guard.ts'
import { hostOf } from '../core/lib/host.ts'

const ADVICE =
  'Open this site and try again there. Developers: if you trust that page, add its origin to trustedOrigins.'

/** `Sec-Fetch-Site` reports that a page of another site made the request. */
export const CROSS_SITE: Answer = deny(`a page of another site made this request. ${ADVICE}`)

/** `Origin` is `null`, so the origin of the page is unknown. */
export const HIDDEN_ORIGIN: Answer = deny(
  'the browser hides which page made this request ("Origin: null"). Developers: pages with "Referrer-Policy: no-referrer" and sandboxed frames cause this. For a page of this site, set "Referrer-Policy: same-origin" or "strict-origin-when-cross-origin". A page whose origin is hidden cannot be in trustedOrigins.',
)

/** `Origin` names a host other than the request's own. */
export function otherHost(origin: string, view: RequestView): Answer {
  return deny(
    `a page of ${quoted(origin)} made this request, which is addressed to the host ${quoted(hostOf(view))}. ${ADVICE} If both are this site, the proxy in front changes Host: configure it to pass Host on with its port (nginx: proxy_set_header Host $http_host).`,
  )
}

function deny(cause: string): Answer {
  return { status: 403, reason: 'cross-origin', message: `Refused: ${cause}` }
}

/**
 * Characters that browsers and proxies write. The message does not repeat any other text, because a client can write anything.
 */
const PLAIN = /^[a-z\d.:/[\]+-]{1,100}$/i

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : 'a form that no browser sends'
}
