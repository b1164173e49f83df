import { LOGOUT_WORDS } from '../discover/words.ts'
import type { HeldCookie } from '../http/client.ts'
import { garbageLike } from '../http/made-up.ts'
import { readPage } from '../http/page.ts'
import type { Audit } from './audit.ts'

const known = new WeakMap<Audit, Promise<readonly string[]>>()

/**
 * Cookies that were given with the login, have no part in what the logged-in check shows, and alone are offered a way out
 * on the first page: of areas that have cookies of their own the check sees one.
 */
export function carriersElsewhere(audit: Audit): Promise<readonly string[]> {
  const found = known.get(audit) ?? find(audit)
  known.set(audit, found)
  return found
}

async function find(audit: Audit): Promise<readonly string[]> {
  if (audit.recipe.credential?.cookies !== undefined) return []
  const { client, sent } = await audit.shared()
  const held = client.cookies()
  const others = held.filter(
    ({ name }) => !audit.carriers.flat().includes(name) && !sent.some((before) => before.name === name),
  )
  if (others.length === 0 || !(await isOfferedWayOut(audit, held)) || (await isOfferedWayOut(audit, []))) return []
  const names: string[] = []
  for (const cookie of others) {
    if (!(await isOfferedWayOut(audit, [cookie]))) continue
    const madeUp = { ...cookie, value: garbageLike(cookie.value) }
    if (!(await isOfferedWayOut(audit, [madeUp]))) names.push(cookie.name)
  }
  return names
}

async function isOfferedWayOut(audit: Audit, cookies: readonly HeldCookie[]): Promise<boolean> {
  const client = audit.client(`only ${cookies.map(({ name }) => name).join(' and ') || 'nothing'}`)
  for (const cookie of cookies) client.hold(cookie)
  const purpose = 'does the first page offer a way out'
  const last = (await client.follow({ url: audit.target.href, purpose })).at(-1)
  const page = readPage(last?.response?.body ?? '', last?.request.url ?? audit.target.href)
  const words = [
    ...page.links.map(({ href, text }) => `${new URL(href).pathname}${new URL(href).search} ${text}`),
    ...page.forms.map(({ action, text }) => `${new URL(action).pathname} ${text}`),
  ]
  return words.some((found) => LOGOUT_WORDS.test(found))
}
