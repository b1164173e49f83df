import type { Client } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { madeUpCredential } from '../http/made-up.ts'
import { isLoginForm, LOGOUT_WORDS, readPage } from '../http/page.ts'
import { fill } from '../recipe/fill.ts'
import type { LoggedInCheck } from '../recipe/recipe.ts'
import { withoutBoundParts, withSlash } from './addresses.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { LEAVE_ALONE, markersOf } from './page-words.ts'

const PLACES = [
  '/',
  '/account',
  '/me',
  '/profile',
  '/dashboard',
  '/api/me',
  '/users/me',
  '/api/users/me',
  '/auth/me',
  '/api/auth/me',
  '/api/user',
  '/user',
  '/api/profile',
  '/api/account',
  '/whoami',
  '/api/session',
  '/session',
  '/auth/session',
  '/api/auth/session',
  '/api/v1/me',
  '/api/v1/user',
  '/api/v1/users/me',
  '/api/whoami',
  '/user/me',
  '/users/current',
  '/settings',
  '/home',
]

const MOST_LINKS = 8

interface Graded {
  readonly check: LoggedInCheck
  /** Lower is better: how certain it is that this is the user's own page. */
  readonly grade: number
}

/**
 * Finds a page that a logged-in client sees, and neither a client without a credential nor one with a made-up credential does.
 * Returns the most certain one.
 */
export async function findLoggedInCheck(explorer: Explorer, candidate: Candidate): Promise<LoggedInCheck | null> {
  const { client, exchanges } = candidate
  const stranger = explorer.client('anonymous')
  const forger = explorer.client('made-up credential')
  const madeUp = madeUpCredential({ cookies: client.cookies(), bearer: client.bearer })
  for (const cookie of madeUp.cookies) forger.hold(cookie)
  forger.bearer = madeUp.bearer
  const returning = returningClient(explorer, client)
  let best: Graded | null = null
  for (const place of placesFor(explorer, exchanges.at(-1))) {
    const graded = await compare(explorer, place, client, stranger, forger)
    if (graded !== null && graded.grade < (best?.grade ?? Number.POSITIVE_INFINITY)) {
      const check = await unlessRemembered(explorer, client, returning, graded.check)
      if (check !== null) best = { ...graded, check }
    }
    if (best?.grade === 0) break
  }
  return best?.check ?? null
}

function placesFor(explorer: Explorer, last: Exchange | undefined): string[] {
  const usual = [...explorer.hints.reads, ...PLACES]
  if (last?.response == null) return usual
  const landed = last.request.method === 'GET' ? [explorer.address(last.request.url)] : []
  const links = readPage(last.response.body, last.request.url)
    .links.filter(({ href, text }) => {
      const words = `${text} ${href}`
      return (
        new URL(href).origin === explorer.engine.target.origin && !LOGOUT_WORDS.test(words) && !LEAVE_ALONE.test(words)
      )
    })
    .map(({ href }) => explorer.address(href))
  // Pages whose address is valid for this session only come last, because no other session could request them.
  const own = [...landed, ...links.slice(0, MOST_LINKS)]
  return [...new Set([...own.map(withoutBoundParts), ...usual, ...own])]
}

async function compare(
  explorer: Explorer,
  place: string,
  client: Client,
  stranger: Client,
  forger: Client,
): Promise<Graded | null> {
  const ask = (who: Client) => who.send({ url: place, purpose: 'look for a page that tells who is logged in' })
  const first = await ask(client)
  const slashed = withSlash(first)
  if (slashed !== null) return compare(explorer, slashed, client, stranger, forger)
  if (first.response?.status !== 200) return null
  const others = [await ask(stranger), await ask(forger)]
  // Requested once more: text that changes between two requests identifies nothing.
  const again = await ask(client)
  if (again.response?.status !== 200) return null
  const statuses = others.map(({ response }) => response?.status ?? 0)
  if (statuses.some((status) => status === 0 || status === 429 || status >= 500)) return null
  const byStatus = statuses.every((status) => status !== 200)
  const named = byName(explorer.user.name, place, bodies([first, again]), bodies(others))
  if (named !== null) return byStatus ? { ...named, grade: 0 } : named
  if (byStatus) return { check: { get: place }, grade: 1 }
  const more = [await ask(stranger), await ask(client)]
  return byWords(place, first, bodies([again, ...more.slice(1)]), bodies([...others, ...more.slice(0, 1)]))
}

const bodies = (exchanges: readonly Exchange[]) => exchanges.map(({ response }) => response?.body ?? '')

/** The user's name as given, or as the page shows it: in another case, or without the host of an email address. */
function byName(name: string, place: string, mine: readonly string[], others: readonly string[]): Graded | null {
  if (isOnlyIn(name, mine, others)) return { check: { get: place, text: '${user}' }, grade: 1 }
  const lower = others.map((body) => body.toLowerCase())
  for (const text of [name, name.split('@')[0] ?? name].filter(({ length }) => length >= 3)) {
    const at = mine[0]?.toLowerCase().indexOf(text.toLowerCase()) ?? -1
    const shown = at < 0 ? '' : (mine[0]?.slice(at, at + text.length) ?? '')
    const isAnothers = lower.some((body) => body.includes(text.toLowerCase()))
    if (shown !== '' && !isAnothers && isOnlyIn(shown, mine, []))
      return { check: { get: place, text: shown }, grade: 2 }
  }
  return null
}

/** The logout link, or any other words that only this page contains. */
function byWords(place: string, page: Exchange, mine: readonly string[], others: readonly string[]): Graded | null {
  const { text } = readPage(page.response?.body ?? '', page.request.url)
  const wayOut = LOGOUT_WORDS.exec(text)?.[0]
  const bodies = [page.response?.body ?? '', ...mine]
  if (wayOut !== undefined && isOnlyIn(wayOut, bodies, others)) return { check: { get: place, text: wayOut }, grade: 3 }
  const marker = markersOf(page).findLast((words) => isOnlyIn(words, bodies, others))
  return marker === undefined ? null : { check: { get: place, text: marker }, grade: 4 }
}

const isOnlyIn = (text: string, mine: readonly string[], others: readonly string[]) =>
  mine.every((body) => body.includes(text)) && others.every((body) => !body.includes(text))

/** A browser that was closed since the login, with the cookies that are kept on disk. `null` if those are none, or all. */
export function returningClient(explorer: Explorer, client: Client): Client | null {
  const kept = client.cookies().filter(({ expiresAt }) => expiresAt !== null)
  if (kept.length === 0 || kept.length === client.cookies().length) return null
  const returning = explorer.client('browser that was closed')
  for (const cookie of kept) returning.hold(cookie)
  return returning
}

/**
 * If a login form shows a remembered name, that name is no sign of a login. If that form contains what the check looks for, the
 * check requires a page without the form. `null` if no text distinguishes them.
 */
export async function unlessRemembered(
  explorer: Explorer,
  client: Client,
  returning: Client | null,
  check: LoggedInCheck,
): Promise<LoggedInCheck | null> {
  if (returning === null) return check
  const ask = (who: Client) =>
    who.send({ url: check.get, purpose: 'does a form that asks for the password look like it' })
  const { request, response } = await ask(returning)
  const form = response?.body ?? ''
  const isForm = response?.status === 200 && readPage(form, request.url).forms.some(isLoginForm)
  if (!isForm || !form.includes(fill(check.text ?? '', explorer.variables))) return check
  const name = nameOfPassword(form)
  const mine = (await ask(client)).response?.body ?? ''
  return name === null || mine.includes(name) ? null : { ...check, notText: name }
}

/** The name as the page contains it: `name="password"`. */
function nameOfPassword(html: string): string | null {
  const field = html.match(/<input\b[^>]*>/gi)?.find((tag) => /\stype=["']?password\b/i.test(tag))
  return /\sname=["']?[\w.[\]-]+["']?/i.exec(field ?? '')?.[0].trim() ?? null
}
