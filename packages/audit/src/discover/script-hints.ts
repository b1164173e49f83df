import { LOGOUT_WORDS, readPage } from '../http/page.ts'
import { LEAVE_ALONE } from './page-words.ts'

/** What the scripts of a page reveal about the application: pages that scripts build contain no form. */
export interface Hints {
  /** Addresses with names of logins, the most likely first. */
  readonly logins: readonly string[]
  readonly logouts: readonly string[]
  /** Addresses that may show who is logged in. */
  readonly reads: readonly string[]
  /** The OAuth client id that the application's own pages use. */
  readonly clientId: string | null
}

export const NO_HINTS: Hints = { logins: [], logouts: [], reads: [], clientId: null }

const MOST_SCRIPTS = 8
const MOST_OF_A_KIND = 12
/** A path in quotes; in a template, after the address that it starts from. */
const PATHS = /["'`](?:\$\{[^}`]{1,40}\})?([\w@.~-]*(?:\/[\w@.~-]+)+\/?)["'`?]/g
const FILES = /\.(m?js|css|map|svg|png|jpe?g|gif|ico|woff2?|html?|json|wasm|md|tsx?)$|^\d|node_modules/i
const LOGIN = /(log-?_?in|sign-?_?in|authenticate)(\/[\w-]+)?\/?$/i
const TOKEN = /\/(tokens?|auth|sessions?)\/?$/i
const NO_LOGIN = /register|sign-?_?up|forgot|reset|callback|refresh|verify|revoke|social|magic|passkey|sso|oidc|saml/i
const LOGOUT = /\b(revoke|blacklist|invalidate)\/?$/i
const WHO = /(^|\/)(me|self|users?|accounts?|profile|settings|session|whoami|verify|userinfo|current[-_]?user)\/?$/i

/** Searches the scripts of a page for addresses. */
export async function readHints(
  html: string,
  url: string,
  fetchText: (url: string) => Promise<string>,
): Promise<Hints> {
  const { scripts, base } = readPage(html, url)
  const texts = [html]
  for (const script of scripts.slice(0, MOST_SCRIPTS)) texts.push(await fetchText(script))
  return hintsIn(texts.join('\n'), base)
}

function hintsIn(text: string, base: string): Hints {
  const origin = new URL(base).origin
  const paths = [...text.matchAll(PATHS)]
    .map(([, path = '']) => path)
    .filter((path) => !FILES.test(path) && URL.canParse(path, base))
    .map((path) => new URL(path, base))
    .filter((url) => url.origin === origin)
    .map(({ pathname }) => pathname)
  const named = (pattern: RegExp) => paths.filter((path) => pattern.test(path))
  const logouts = new Set([...named(LOGOUT_WORDS), ...named(LOGOUT)])
  const logins = [...named(LOGIN), ...named(TOKEN)].filter((path) => !logouts.has(path) && !NO_LOGIN.test(path))
  const areas = new Set(logins.map(areaOf))
  const others = paths.filter((path) => !LEAVE_ALONE.test(path) && !logouts.has(path) && !LOGIN.test(path))
  const reads = [...others.filter((path) => WHO.test(path)), ...others.filter((path) => areas.has(areaOf(path)))]
  const first = (list: Iterable<string>) => [...new Set(list)].slice(0, MOST_OF_A_KIND)
  return {
    logins: first(logins),
    logouts: first(logouts),
    reads: first(reads),
    clientId: /\bclient_?id["']?\s*[:=]\s*["']([\w.-]{2,80})["']/i.exec(text)?.[1] ?? null,
  }
}

/** `/api` of `/api/auth/login`: addresses beside the login belong to the same application. */
const areaOf = (path: string) => path.split('/').slice(0, 2).join('/')
