import type { HeldCookie } from '../../../http/client.ts'
import type { Headers } from '../../../http/exchange.ts'
import { channelOf } from '../../../judge/cookie/attributes.ts'
import type { Forged } from './forms.ts'

/** Where a page makes the victim's browser send a request from, and what the browser adds to it. */
export interface Sender {
  readonly name: string
  readonly site: 'cross-site' | 'same-site'
  /** The origin that the browser sends. `null`: the page hides it. */
  readonly origin: (target: URL) => string | null
  readonly saysSite: boolean
}

const FOREIGN = 'attacker.example'
const foreign = ({ protocol }: URL) => `${protocol}//${FOREIGN}`
const hidden = () => null

/**
 * Another site, in the ways a browser shows it. `Origin` is `null` with `Referrer-Policy: no-referrer`, in a sandboxed frame and
 * in a page of a `data:` address. Older browsers do not send `Sec-Fetch-Site`, and no browser sends it over plain HTTP.
 */
const CROSS_SITE: readonly Sender[] = [
  { name: 'another site', site: 'cross-site', origin: foreign, saysSite: true },
  { name: 'another site that hides its name (Origin: null)', site: 'cross-site', origin: hidden, saysSite: true },
  {
    name: 'another site, from a browser without Sec-Fetch-Site',
    site: 'cross-site',
    origin: foreign,
    saysSite: false,
  },
  {
    name: 'another site that hides its name (Origin: null), from a browser without Sec-Fetch-Site',
    site: 'cross-site',
    origin: hidden,
    saysSite: false,
  },
  {
    name: 'another site whose name begins like the target’s',
    site: 'cross-site',
    origin: ({ protocol, hostname }) => `${protocol}//${hostname}.${FOREIGN}`,
    saysSite: false,
  },
]

const ENDS_ALIKE: Sender = {
  name: 'another site whose name ends like the target’s',
  site: 'cross-site',
  origin: ({ protocol, host }) => `${protocol}//attacker-${host}`,
  saysSite: false,
}

/** A host that browsers treat as the same site, so that SameSite does not withhold the cookie. */
const SAME_SITE: readonly Sender[] = [
  { name: 'another host of the same site', site: 'same-site', origin: siblingOf, saysSite: true },
  {
    name: 'another host of the same site that hides its name (Origin: null)',
    site: 'same-site',
    origin: hidden,
    saysSite: true,
  },
  {
    name: 'another host of the same site, from a browser without Sec-Fetch-Site',
    site: 'same-site',
    origin: siblingOf,
    saysSite: false,
  },
  {
    name: 'another host of the same site that hides its name (Origin: null), from a browser without Sec-Fetch-Site',
    site: 'same-site',
    origin: hidden,
    saysSite: false,
  },
]

/**
 * An attacker on the network path can serve pages of it, unless the browser uses nothing but TLS for this host. Some browsers treat
 * it as the same site.
 */
export const OVER_HTTP: Sender = {
  name: 'the same host over plain HTTP',
  site: 'same-site',
  origin: ({ host }) => `http://${host}`,
  saysSite: false,
}

export function sendersOf(site: Sender['site'], target: URL): readonly Sender[] {
  if (site === 'same-site') return target.protocol === 'https:' ? [...SAME_SITE, OVER_HTTP] : SAME_SITE
  return isName(target.hostname) ? [...CROSS_SITE, ENDS_ALIKE] : CROSS_SITE
}

/** The headers in which the browser shows where a request comes from. */
export function headersFrom({ site, origin, saysSite }: Sender, target: URL, { method, mode }: Forged): Headers {
  const from = origin(target)
  const headers: [string, string][] = []
  if (method !== 'GET') headers.push(['origin', from ?? 'null'])
  // The path contains the target's address: the page chooses its path, and this deceives a server that searches the whole Referer
  // for it.
  if (from !== null) headers.push(['referer', `${from}/${target.origin}/`])
  // Browsers send these only to trustworthy addresses: TLS, and this machine.
  if (!saysSite || channelOf(target) === 'http') return headers
  const dest = mode === 'navigate' ? 'document' : 'empty'
  return [...headers, ['sec-fetch-site', site], ['sec-fetch-mode', mode], ['sec-fetch-dest', dest]]
}

const isName = (hostname: string) => /[a-z]/i.test(hostname) && !hostname.startsWith('[')

/** Another port is another origin of the same site. Names get a sibling host. */
function siblingOf({ protocol, hostname }: URL): string {
  return isName(hostname) && hostname.includes('.')
    ? `${protocol}//attacker.${hostname.split('.').slice(-2).join('.')}`
    : `${protocol}//${hostname}:1`
}

/**
 * Whether a browser sends this cookie with the request. Chromium treats a cookie without SameSite as Lax after two minutes.
 * Firefox and Safari do not, so a navigation carries it. There, a script's background request uses a separate cookie jar.
 */
export function goesWith(
  { sameSite }: HeldCookie,
  site: Sender['site'],
  method: string,
  mode: Forged['mode'],
): boolean {
  if (site === 'same-site') return true
  const value = sameSite?.toLowerCase()
  if (value === 'strict') return false
  if (value === 'none') return true
  return mode === 'navigate' && (value !== 'lax' || method === 'GET')
}
