import { variant } from './cookie-variant.ts'
import { cookieRecipe } from './recipes.ts'
import { answers, stumbles, type Twist } from './twists.ts'
import type { Variant } from './variant.ts'

/** A client with an unknown id is refused everywhere, even at the login, and its cookie is deleted. */
const refusesUnknown: Twist = (app) => {
  const given = new Set([''])
  return async (ask) => {
    if (!given.has(ask.cookies.get('sid') ?? '')) return { status: 401, cookies: ['sid=; Path=/; Max-Age=86400'] }
    const reply = await app(ask)
    for (const line of reply.cookies ?? []) given.add(/^sid=([^;]*)/.exec(line)?.[1] ?? '')
    return reply
  }
}

const givesVisitorsNothing: Twist = answers((reply, { path, method }) =>
  path === '/' || (path === '/login' && method === 'GET') ? { ...reply, cookies: [] } : reply,
)

/** As interfaces take it that were made for bearer tokens first. */
const takesAccessToken: Twist = (app) => (ask) => {
  const sid = ask.query.get('access_token')
  return app(sid === null ? ask : { ...ask, cookies: new Map([...ask.cookies, ['sid', sid]]) })
}

/** Strict with what it does not know, or with less than it should be. */
export const strictVariants: readonly Variant[] = [
  variant('look-alike: an unknown id is refused at the login too, and deleted', {
    twists: [givesVisitorsNothing, refusesUnknown],
    recipe: { ...cookieRecipe, login: [{ post: '/login', form: { name: '${user}', password: '${password}' } }] },
    samples: 40,
    only: ['fixation', 'token-strength'],
  }),
  variant(
    'the database takes no NUL in an id',
    { twists: [stumbles(/^%00$/, { status: 500, html: 'oh' })], only: ['unknown-ids'] },
    { 'unknown-ids/malformed ids': 'fail' },
  ),
  variant(
    'the id is accepted from the address, under the name of a bearer token',
    { twists: [takesAccessToken], only: ['exposure'] },
    { 'exposure/taken from an address': 'fail' },
  ),
]
