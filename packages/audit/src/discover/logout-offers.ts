import { type Link, LOGOUT_WORDS, type Page, readPage } from '../http/page.ts'
import type { Extract, Step } from '../recipe/recipe.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { formStep } from './form-login.ts'

const ENDPOINTS = ['/logout', '/api/logout', '/auth/logout', '/api/auth/logout', '/signout', '/sign-out']
/** Names of logout endpoints beside a login endpoint. */
const BESIDE = ['logout', 'sign-out', 'signout', 'revoke', 'blacklist']
const MOST_BESIDE = 3

const isWayOut = (words: string) => LOGOUT_WORDS.test(words)

/** Returns the forms and links of a page that log out. */
export function offersOf(explorer: Explorer, html: string, url: string, tokenNames: readonly string[]): Step[][] {
  const page = readPage(html, url)
  const byForm = page.forms
    .filter(({ text, action }) => isWayOut(text) || isWayOut(new URL(action).pathname))
    .toSorted(byModesty)
    .map((form) => formStep(explorer, url, form, new Map()))
  const byLink = page.links
    .filter(({ text, href }) => explorer.engine.isInScope(new URL(href)) && isWayOut(`${text} ${href}`))
    .toSorted(byModesty)
    .flatMap((link) => [
      linkSteps(explorer, url, link, page),
      ...withToken(explorer, html, url, page, link, tokenNames),
    ])
  return [...byForm, ...byLink]
}

/** Ending every session of the user would do more than was asked. */
const byModesty = (a: { text: string }, b: { text: string }) =>
  Number(ENDS_MORE.test(a.text)) - Number(ENDS_MORE.test(b.text))
const ENDS_MORE = /\b(everywhere|all|other)\b/i

/** A link may contain a nonce, so it is extracted from the page each time. */
function linkSteps(explorer: Explorer, url: string, { href, text, method }: Link, { metas }: Page): Step[] {
  const words = LOGOUT_WORDS.exec(text)?.[0] ?? LOGOUT_WORDS.exec(href)?.[0] ?? ''
  const get = explorer.address(url)
  const way_out = { link: words }
  if (method === 'get') return [{ get, extract: { way_out } }, { get: '${way_out}' }]
  // Scripts of the page submit it as a form, with the page's anti-forgery token.
  const token = metas.get('csrf-param')
  return [
    { get, extract: { way_out, ...(token !== undefined && { csrf: { meta: 'csrf-token' } }) } },
    {
      post: '${way_out}',
      form: { ...(method !== 'post' && { _method: method }), ...(token !== undefined && { [token]: '${csrf}' }) },
    },
  ]
}

/** Endpoints that scripts name, those beside the login, and the usual addresses. */
export function endpointOffers({ hints }: Explorer, { steps, credential, refreshToken }: Candidate): Step[][] {
  const login = steps.at(-1)?.post ?? ''
  const parents = [1, 2].map((up) => login.replace(/\/$/, '').split('/').slice(0, -up).join('/'))
  const own = login.endsWith('/') ? [login.slice(0, -1)] : []
  const beside = [...new Set([...own, ...parents])]
    .filter((parent) => parent !== '' || login !== '')
    .flatMap((parent) => BESIDE.map((name) => `${parent}/${name}${login.endsWith('/') ? '/' : ''}`))
  const refreshName = refreshToken?.path.split('.').at(-1)
  const bodies: unknown[] = [
    ...(refreshName === undefined ? [] : [{ [refreshName]: '${refreshToken}' }]),
    ...(credential?.bearer === undefined ? [] : [{ token: '${accessToken}' }]),
  ]
  return [...new Set([...hints.logouts, ...beside.slice(0, BESIDE.length * MOST_BESIDE), ...ENDPOINTS])].flatMap(
    (post): Step[][] => [...bodies.map((json) => [{ post, json }]), [{ post }], [{ get: post }]],
  )
}

const IS_TOKEN = /token|csrf|nonce/i
/** How a script of the page receives the token. */
const IN_SCRIPT = '[Tt]oken["\']?\\s*[:=]\\s*["\']([\\w-]{16,})["\']'

/** The names under which the forms of this login sent anti-forgery tokens. */
export const tokenNamesOf = ({ steps }: Candidate): readonly string[] =>
  steps.flatMap(({ form = {} }) => Object.keys(form)).filter((name) => IS_TOKEN.test(name))

/** What scripts do with a link that has no effect by itself: they send the page's token, in a form or in the address. */
export function withToken(
  explorer: Explorer,
  html: string,
  url: string,
  page: Page,
  link: Link,
  names: readonly string[],
): Step[][] {
  const hidden = page.forms
    .flatMap(({ fields }) => fields)
    .find(({ type, name, value }) => type === 'hidden' && IS_TOKEN.test(name) && value !== '')
  const name = hidden?.name ?? (new RegExp(IN_SCRIPT).test(html) ? names[0] : undefined)
  if (name === undefined) return []
  const page_token: Extract = hidden === undefined ? { regex: IN_SCRIPT } : { field: hidden.name }
  const open: Step = { get: explorer.address(url), extract: { page_token } }
  const address = explorer.address(link.href)
  const joint = address.includes('?') ? '&' : '?'
  return [
    [open, { post: address, form: { [name]: '${page_token}' } }],
    [open, { get: `${address}${joint}${encodeURIComponent(name)}=\${page_token}` }],
  ]
}
