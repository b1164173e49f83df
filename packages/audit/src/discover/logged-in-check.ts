import { garbageCredential } from '../audit/garbage.ts'
import type { Client } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { readPage } from '../http/page.ts'
import type { LoggedInCheck } from '../recipe/recipe.ts'
import { withoutBoundParts } from './bound-address.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { returningClient, unlessRemembered } from './returning.ts'
import { withSlash } from './with-slash.ts'
import { LEAVE_ALONE, LOGOUT_WORDS } from './words.ts'

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
  '/settings',
  '/home',
]

const MOST_LINKS = 8

interface Graded {
  readonly check: LoggedInCheck
  /** Lower is better: how surely this is the user's own page. */
  readonly grade: number
}

/** A page that a logged-in client sees, and neither a stranger nor a made-up credential does. The surest one found. */
export async function findLoggedInCheck(explorer: Explorer, candidate: Candidate): Promise<LoggedInCheck | null> {
  const { client, exchanges } = candidate
  const stranger = explorer.client('anonymous')
  const forger = explorer.client('garbage')
  const garbage = garbageCredential({ cookies: client.cookies(), bearer: client.bearer })
  for (const cookie of garbage.cookies) forger.hold(cookie)
  forger.bearer = garbage.bearer
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
  // With what is good for this session alone last of all: no other session could ask for it.
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
  const mine = first.response
  if (mine?.status !== 200) return null
  const theirs = [(await ask(stranger)).response, (await ask(forger)).response]
  // Once more: what changes from one look to the next tells nothing.
  const again = (await ask(client)).response
  if (again?.status !== 200) return null
  const others = theirs.map((response) => ({ status: response?.status ?? 0, body: response?.body ?? '' }))
  if (others.some(({ status }) => status === 0 || status === 429 || status >= 500)) return null
  const byStatus = others.every(({ status }) => status !== 200)
  const onlyMine = (text: string) =>
    mine.body.includes(text) && again.body.includes(text) && others.every(({ body }) => !body.includes(text))
  const name = explorer.user.name
  const short = name.split('@')[0] ?? name
  if (onlyMine(name)) return { check: { get: place, text: '${user}' }, grade: byStatus ? 0 : 1 }
  if (short.length >= 3 && onlyMine(short)) return { check: { get: place, text: short }, grade: byStatus ? 0 : 2 }
  if (byStatus) return { check: { get: place }, grade: 1 }
  const words = LOGOUT_WORDS.exec(readPage(mine.body, explorer.engine.target.href).text)?.[0]
  if (words !== undefined && onlyMine(words)) return { check: { get: place, text: words }, grade: 3 }
  return null
}
