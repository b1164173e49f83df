import type { Candidates, Carrier, RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import { hostOf } from '../core/lib/view.ts'
import { requestOf } from '../core/request/for-handlers.ts'
import { inPages, MAX_CHARACTERS, NOTHING, TOO_MANY, toCandidates } from './_in-pages.ts'

/** A carrier of tokens in addresses, and what an application needs beside it. */
export interface UrlCarrier extends Carrier {
  /**
   * Resolves with the page in which links and forms to this origin carry the token; with the same page if the client sends a cookie,
   * or there is no session. Knows `a`, `area` and `form`, and leaves what scripts build.
   */
  rewrite(session: Session<object>, html: string): Promise<string>
  /** Resolves with the address, for a redirect. Addresses of other origins stay as they are. */
  toUrl(session: Session<object>, url: string): Promise<string>
  /** The address without a token, for a router. */
  strip(url: string): string
  /** A line of an access log without tokens: also those in a `Referer`, and percent-encoded ones. */
  redact(text: string): string
}

export interface UrlForm {
  readonly name: string
  /** The name that the application chose. */
  readonly parameter: string
  /** Finds the token in an address; the first group is what stays. */
  readonly pattern: RegExp
  /** Where the pattern applies. */
  partOf(url: string): string
  /** Adds a token to an address that has none. `and`: how `&` is written. */
  add(url: string, token: string, and: string): string
  /** Whether a form with `method="get"` loses the token of its address. */
  readonly needsField: boolean
}

export function inUrls(form: UrlForm): UrlCarrier {
  const { name, parameter, pattern, partOf } = form
  const find = ({ url }: RequestView): Candidates => {
    if (!url.includes(`${parameter}=`)) return NOTHING
    if (url.length > MAX_CHARACTERS) return TOO_MANY
    return toCandidates(Array.from(partOf(url).matchAll(pattern), ([, , token = '']) => token))
  }
  const { whole, tokenOf } = inPages({ name, vary: 'Sec-Fetch-Site' }, find)
  const strip = (url: string): string => {
    const part = partOf(url)
    const at = url.indexOf(part)
    const bare = part.replace(pattern, (_, before: string) => (before === '?' ? '?' : '')).replace(/\?&?/, '?')
    return `${url.slice(0, at)}${bare.replace(/\?$/, '')}${url.slice(at + part.length)}`
  }
  const logged = new RegExp(`((?:[?&;]|%3f|%26|%3b)${parameter}(?:=|%3d))[^&;#%"'\\s]*`, 'gi')
  const addTo = (url: string, token: string, and = '&'): string => form.add(strip(url), token, and)

  return Object.assign(whole, {
    async rewrite(session: Session<object>, html: string) {
      const token = await tokenOf(session)
      if (token === null) return html
      const here = addressOf(session)
      const field = form.needsField ? `<input type="hidden" name="${parameter}" value="${token}">` : ''
      // With another base, a relative address may lead to another origin.
      const base = /<base\b/i.test(html) ? null : here
      return html.replace(TAG, (tag: string, element: string) => {
        const isForm = element.toLowerCase() === 'form'
        const isGet = isForm && !/\smethod\s*=\s*["']?post/i.test(tag)
        const attribute = isForm ? ACTION : HREF
        const found = attribute.exec(tag)
        if (found === null) {
          if (!isForm || base === null) return tag
          if (isGet && field !== '') return tag + field
          const whole = new URL(here)
          const path = addTo(whole.pathname + whole.search, token)
          return `${tag.slice(0, -1)} action="${path.replaceAll('&', '&amp;').replaceAll('"', '%22')}">`
        }
        const [all, before = '', quoted = ''] = found
        const quote = /^["']/.test(quoted) ? quoted.charAt(0) : ''
        const value = quote === '' ? quoted : quoted.slice(1, -1)
        if (!isOwn(value, base, here)) return tag
        if (isGet && field !== '') return tag + field
        return tag.replace(all, () => `${before}${quote || '"'}${addTo(value, token, '&amp;')}${quote || '"'}`)
      })
    },
    async toUrl(session: Session<object>, url: string) {
      const here = addressOf(session)
      if (originOf(url, here) !== new URL(here).origin) return url
      const token = await tokenOf(session)
      return token === null ? url : addTo(url, token)
    },
    strip,
    redact: (text: string) => text.replace(logged, '$1redacted'),
  })
}

const TAG = /<(a|area|form)\s(?:[^>"']|"[^"]*"|'[^']*')*>/gi
const HREF = /(\shref\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/i
const ACTION = /(\saction\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/i

/** A fragment stays on the page. Other character references than `&amp;` may hide anything, so such an address stays as it is. */
function isOwn(value: string, base: string | null, here: string): boolean {
  const url = value.replaceAll('&amp;', '&')
  if (/^\s*#|^$/.test(url) || /&(?:#|[a-z\d]+;)/i.test(url)) return false
  const absolute = base === null ? url : new URL(here).href
  return originOf(url, absolute) === new URL(here).origin
}

function originOf(url: string, base: string): string | null {
  return URL.canParse(url, base) ? new URL(url, base).origin : null
}

/** The address of the request, as the browser shows it. */
function addressOf(session: Session<object>): string {
  const view = requestOf(session)?.view
  if (view === undefined) throw new SessionError('ERR_OPTION', "Give a request's session.")
  const origin = `${view.secure ? 'https' : 'http'}://${hostOf(view)}`
  const path = view.url.startsWith('/') ? view.url : '/'
  return URL.canParse(origin + path) ? origin + path : 'http://localhost/'
}
