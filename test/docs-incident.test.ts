import { createSessions, type Session, type Sessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newFolder } from '../packages/sojourn/test/support/servers/program.ts'
import { runSnippet } from './docs/run.ts'
import { readPage, snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/handle-an-incident.md'

let folder = ''
let now = Date.now()
let sessions: Sessions<Record<string, unknown>>

/** The servers' sessions, over the store that the scripts use too. */
beforeEach(async () => {
  folder = await newFolder('incident')
  now = Date.now()
  sessions = createSessions({ store: lmdbStore({ path: folder }), clock: () => now })
  vi.stubEnv('SOJOURN_STORE', `lmdb:${folder}`)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await sessions.close()
})

async function script(name: string, page: string = PAGE): Promise<Readonly<Record<string, unknown>>> {
  const snippets = snippetsOf(page)
  const snippet = snippets.find((one) => one.name === name)
  if (snippet === undefined) throw new Error(`${page} shows no ${name}`)
  const { exports, stop } = await runSnippet(snippet, snippets)
  await stop()
  return exports
}

/** One request with this token, and the token that the response sets. */
async function visit(
  cookie: string,
  act: (session: Session) => unknown = () => {},
  by: Sessions<Record<string, unknown>> = sessions,
): Promise<{ user: string | null; refused: string | null; cookie: string }> {
  const handler = withSession(by, async (_request, session) => {
    await act(session as Session)
    return Response.json({ user: session.userId, refused: session.refused })
  })
  const answer = await handler(new Request('https://shop.example/', { headers: { cookie } }))
  const [set = cookie] = answer.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
  return { ...((await answer.json()) as { user: string | null; refused: string | null }), cookie: set }
}

const logIn = async (user: string): Promise<string> => (await visit('', (session) => session.login(user))).cookie
const userOf = async (cookie: string): Promise<string | null> => (await visit(cookie)).user
const tokenOf = (cookie: string): string => cookie.slice(cookie.indexOf('=') + 1)

describe('the page about incidents', () => {
  test('everybody out: every session ends on every server at once, and a new login works', async () => {
    const cookies = [await logIn('ada'), await logIn('grace')]
    const visitor = (await visit('', ({ data }) => Object.assign(data, { cart: ['lamp'] }))).cookie
    await script('everybody-out.ts')
    for (const cookie of [...cookies, visitor]) expect((await visit(cookie)).refused).not.toBeNull()
    expect(await userOf(await logIn('ada'))).toBe('ada')
  })

  test('one user out: all devices of this user end, and nobody else is logged out', async () => {
    const [one, two, other] = [await logIn('ada'), await logIn('ada'), await logIn('grace')]
    vi.stubEnv('USER_ID', 'ada')
    await script('one-user-out.ts')
    expect([await userOf(one), await userOf(two), await userOf(other)]).toEqual([null, null, 'grace'])
  })

  test('a leaked token: its session ends, and the user’s other sessions stay', async () => {
    const [leaked, other] = [await logIn('ada'), await logIn('ada')]
    vi.stubEnv('LEAKED_TOKEN', tokenOf(leaked))
    await script('token-leaked.ts')
    expect([await userOf(leaked), await userOf(other)]).toEqual([null, 'ada'])
  })

  test('a leaked token, but its variable is missing or misspelled: the script fails instead of reporting a live token', async () => {
    const log = vi.spyOn(console, 'log')
    vi.stubEnv('LEAKED_TOKEN', '')
    await expect(script('token-leaked.ts')).rejects.toMatchObject({
      cause: new Error('Set LEAKED_TOKEN to the value of the cookie.'),
    })
    expect(log).not.toHaveBeenCalled()
  })

  test('a leaked token that was replaced moments ago: its session ends too', async () => {
    const old = await logIn('ada')
    const { cookie: current } = await visit(old, (session) => session.rotate())
    vi.stubEnv('LEAKED_TOKEN', tokenOf(old))
    await script('token-leaked.ts')
    expect(await userOf(current)).toBeNull()
  })

  test('a leaked token that was replaced since: its session ends too', async () => {
    const old = await logIn('ada')
    const { cookie: current } = await visit(old, (session) => session.rotate())
    expect(await userOf(current)).toBe('ada')
    now += 10 * 60_000
    vi.stubEnv('LEAKED_TOKEN', tokenOf(old))
    await script('token-leaked.ts')
    expect(await userOf(current)).toBeNull()
    expect(await sessions.list('ada')).toEqual([])
  })

  test('a leaked key: a token made with it opens nothing, and without the old key every token is refused unread', async () => {
    const [oldKey, newKey] = ['the old key, which has 32 bytes or more', 'the new key, which has 32 bytes or more']
    const { store } = sessions
    const before = createSessions({ store, keys: [oldKey] })
    const { cookie } = await visit('', (session) => session.login('ada'), before)
    const rotating = createSessions({ store, keys: [newKey, oldKey] })
    expect((await visit(cookie, undefined, rotating)).user).toBe('ada')
    vi.stubEnv('SESSION_KEY', newKey)
    const { sessions: after } = (await script('new-key-only.ts')) as { sessions: Sessions<Record<string, unknown>> }
    expect((await visit(cookie, undefined, after)).refused).toBe('forged')
  })
})

test('the page about backups: after a restore, all sessions of the backup are ended', async () => {
  const cookie = await logIn('ada')
  vi.stubEnv('REASON', 'restored')
  await script('everybody-out.ts')
  expect(await userOf(cookie)).toBeNull()
  expect(readPage('docs/how-to/back-up-and-restore.md')).toMatch(/everybody-out\.ts.*REASON=restored/)
})
