import { channelOf } from '../audit/channel.ts'
import type { HeldCookie } from '../http/client.ts'
import type { Headers } from '../http/exchange.ts'

/** From where a page makes the victim's browser send a request, and what the browser adds to it. */
export interface Sender {
  readonly name: string
  readonly site: 'cross-site' | 'same-site'
  headers(target: URL, method: string): Headers
}

const fetchHeaders = (target: URL, site: string): Headers =>
  // Browsers send them to what they hold for trustworthy: TLS, and this machine.
  channelOf(target) === 'http'
    ? []
    : [
        ['sec-fetch-site', site],
        ['sec-fetch-mode', 'navigate'],
        ['sec-fetch-dest', 'document'],
      ]

const withOrigin = (origin: string, method: string): Headers => (method === 'GET' ? [] : [['origin', origin]])

/** Another site, in the ways a browser shows it. */
export const CROSS_SITE: readonly Sender[] = [
  {
    name: 'another site',
    site: 'cross-site',
    headers: (target, method) => [
      ...withOrigin('https://attacker.example', method),
      ...fetchHeaders(target, 'cross-site'),
    ],
  },
  {
    name: 'another site, from a browser without Sec-Fetch-Site',
    site: 'cross-site',
    headers: (_target, method) => withOrigin('https://attacker.example', method),
  },
  {
    name: 'a sandboxed frame of another site (Origin: null)',
    site: 'cross-site',
    headers: (target, method) => [...withOrigin('null', method), ...fetchHeaders(target, 'cross-site')],
  },
  {
    name: 'another site whose name begins like the target’s',
    site: 'cross-site',
    headers: (target, method) => withOrigin(`${target.protocol}//${target.hostname}.attacker.example`, method),
  },
]

/** A host that browsers hold for the same site. */
export const SAME_SITE: Sender = {
  name: 'another host of the same site',
  site: 'same-site',
  headers: (target, method) => [...withOrigin(siblingOf(target), method), ...fetchHeaders(target, 'same-site')],
}

/** Another port is another origin of the same site; names get a sibling. */
function siblingOf({ protocol, hostname }: URL): string {
  const isName = /[a-z]/i.test(hostname) && hostname.includes('.')
  return isName ? `${protocol}//attacker.${hostname.split('.').slice(-2).join('.')}` : `${protocol}//${hostname}:1`
}

/**
 * Which cookies a browser lets go with the request. Without SameSite, Chromium takes Lax; Firefox and Safari do not, so
 * the cookie goes.
 */
export function goesWith({ sameSite }: HeldCookie, site: Sender['site'], method: string): boolean {
  if (site === 'same-site') return true
  const value = sameSite?.toLowerCase()
  if (value === 'strict') return false
  return value !== 'lax' || method === 'GET'
}
