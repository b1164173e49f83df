import type { RequestView } from '../core/contracts/carrier.ts'
import type { Answer } from '../core/contracts/guard.ts'
import { hostOf } from '../core/lib/host.ts'

const ADVICE =
  'Open this site and try again there. Developers: if that page is to be trusted, add its origin to trustedOrigins.'

/** `Sec-Fetch-Site` says that another site made the request. */
export const CROSS_SITE: Answer = deny(`a page of another site made this request. ${ADVICE}`)

/** `Origin` has no word of where the page is from. */
export const HIDDEN_ORIGIN: Answer = deny(
  'the browser hides which page made this request ("Origin: null"). Developers: a page with "Referrer-Policy: no-referrer" does that, and so does a sandboxed frame. For a page of this site, set "Referrer-Policy: same-origin" or "strict-origin-when-cross-origin". A page whose origin is hidden cannot be in trustedOrigins.',
)

/** `Origin` names another host than the request's own. */
export function otherHost(origin: string, view: RequestView): Answer {
  return deny(
    `a page of ${quoted(origin)} made this request, and it is for the host ${quoted(hostOf(view))}. ${ADVICE} If both are this very site, the proxy in front changes Host: let it pass Host on with its port (nginx: proxy_set_header Host $http_host).`,
  )
}

function deny(cause: string): Answer {
  return { status: 403, reason: 'cross-origin', message: `Refused: ${cause}` }
}

/** What browsers and proxies can have written. Any other text is a client's own, and is not repeated. */
const PLAIN = /^[a-z\d.:/[\]+-]{1,100}$/i

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : 'a form that no browser sends'
}
