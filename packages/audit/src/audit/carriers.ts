import type { Credential, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { madeUpLike } from '../http/made-up.ts'
import { LOGOUT_WORDS, readPage } from '../http/page.ts'
import { requestOf } from '../recipe/logged-in-check.ts'
import { type Audit, type Login, NoLogin, stateAs } from './audit.ts'

export interface Carriers {
  /** The smallest sets of cookie names that suffice to be logged in. */
  readonly sets: readonly (readonly string[])[]
  /** Whether the bearer token alone suffices. */
  readonly bearer: boolean
  /** The first set that suffices by the logged-in check, but gets a form that asks for a password, unlike the complete login. */
  readonly askedForPassword: string | null
  /** A login that is still logged in. */
  readonly login: Login
}

/** Finds which cookies carry the session, by presenting subsets of them in clean clients. */
export async function findCarriers(audit: Audit, login: Login): Promise<Carriers> {
  let holder = login
  let askedForPassword: string | null = null
  const { bearer } = login.credential
  const wanted = audit.app.recipe.credential?.cookies
  const names = [...new Set(login.client.cookies().map(({ name }) => name))].filter(
    (name) => wanted === undefined || matches(name, wanted),
  )
  const suffices = async (kept: readonly string[]): Promise<boolean> => {
    if (kept.length === 0) return false
    // The current values: each attempt may use up a value, and the answer then has the next one.
    const held = holder.client.cookies().filter(({ name }) => kept.includes(name))
    const credential: Credential = { cookies: held, bearer: null }
    const { state, exchange } = await audit.ask.with(`only ${kept.join(' and ')}`, credential)
    if (state === 'in' && asksForPassword(exchange)) askedForPassword ??= kept.join(' and ')
    // An application may end a session if a request has only some of its cookies.
    if (state !== 'in') holder = await stillIn(audit, holder)
    return state === 'in'
  }
  const alone: string[] = []
  for (const name of names) if (await suffices([name])) alone.push(name)
  const others = names.filter((name) => !alone.includes(name))
  const sets = alone.map((name) => [name])
  if (others.length > 1 && (await suffices(others))) sets.push(await shrink(others, suffices))
  const byBearer =
    bearer !== null && (await audit.ask.with('only the bearer token', { cookies: [], bearer })).state === 'in'
  const whole = askedForPassword === null ? null : await audit.ask.as(holder.client)
  if (whole !== null && asksForPassword(whole.exchange)) askedForPassword = null
  return { sets, bearer: byBearer, askedForPassword, login: holder }
}

/**
 * Returns the login, or a new one if it has ended. Does not use `as`, because a value that the application sends after a partial
 * request is not a renewal.
 */
export async function stillIn(audit: Audit, login: Login): Promise<Login> {
  const asked = requestOf(audit.app.recipe.loggedIn, audit.users.variablesOf(login.role))
  const exchange = await login.client.send({ ...asked, purpose: 'is it still logged in' })
  if (stateAs(audit, login.role, exchange) === 'in') return login
  return audit.users.login('victim').catch((error: unknown) => {
    if (error instanceof NoLogin) return login
    throw error
  })
}

const asksForPassword = ({ request, response }: Exchange): boolean =>
  readPage(response?.body ?? '', request.url).forms.some(({ fields }) => fields.some(({ type }) => type === 'password'))

async function shrink(
  names: readonly string[],
  suffices: (kept: readonly string[]) => Promise<boolean>,
): Promise<string[]> {
  let kept = [...names]
  for (const name of names) {
    const without = kept.filter((held) => held !== name)
    if (await suffices(without)) kept = without
  }
  return kept
}

/** `wordpress_logged_in_*` stands for all names that begin so. */
export function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
}

const known = new WeakMap<Audit, Promise<readonly string[]>>()

/**
 * Cookies that came with the login, play no part in the logged-in check, and alone suffice to see a logout link on the first
 * page. An application may have areas with separate cookies, and the check sees only one area.
 */
export function carriersElsewhere(audit: Audit): Promise<readonly string[]> {
  const found = known.get(audit) ?? find(audit)
  known.set(audit, found)
  return found
}

async function find(audit: Audit): Promise<readonly string[]> {
  if (audit.app.recipe.credential?.cookies !== undefined) return []
  const { client, sent } = await audit.users.sharedLogin()
  const held = client.cookies()
  const others = held.filter(
    ({ name }) => !audit.app.carriers.flat().includes(name) && !sent.some((before) => before.name === name),
  )
  if (others.length === 0 || !(await isOfferedWayOut(audit, held)) || (await isOfferedWayOut(audit, []))) return []
  const names: string[] = []
  for (const cookie of others) {
    if (!(await isOfferedWayOut(audit, [cookie]))) continue
    const madeUp = { ...cookie, value: madeUpLike(cookie.value) }
    if (!(await isOfferedWayOut(audit, [madeUp]))) names.push(cookie.name)
  }
  return names
}

async function isOfferedWayOut(audit: Audit, cookies: readonly HeldCookie[]): Promise<boolean> {
  const client = audit.ask.client(`only ${cookies.map(({ name }) => name).join(' and ') || 'nothing'}`)
  for (const cookie of cookies) client.hold(cookie)
  const purpose = 'does the first page offer a way out'
  const last = (await client.follow({ url: audit.app.target.href, purpose })).at(-1)
  const page = readPage(last?.response?.body ?? '', last?.request.url ?? audit.app.target.href)
  const words = [
    ...page.links.map(({ href, text }) => `${new URL(href).pathname}${new URL(href).search} ${text}`),
    ...page.forms.map(({ action, text }) => `${new URL(action).pathname} ${text}`),
  ]
  return words.some((found) => LOGOUT_WORDS.test(found))
}
