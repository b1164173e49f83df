import { translateCases } from '@sojourn/conformance'
import { type Carrier, cookieCarrier, createSessions, memoryStore, type Sessions } from 'sojourn'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { testCases } from '../../support/run-cases.ts'
import { type Browser, browserOf } from './browser.ts'
import { IN_COOKIES, IN_STORES, type OldApplication } from './old-applications.ts'

type Data = Record<string, unknown>

function moved(carrier: Carrier): Sessions<Data> {
  const options = { insecureNoCrossOriginCheck: true, warn: () => {} } as const
  return createSessions<Data>({ store: memoryStore(), carriers: [cookieCarrier(), carrier], ...options })
}

interface Seen {
  readonly userId: string | null
  readonly data: Data
  readonly refused: string | null
}

async function visit(sessions: Sessions<Data>, browser: Browser): Promise<Seen> {
  const { session, commit } = await sessions.open(browser.request())
  const { userId, refused } = session
  const data = { ...session.data }
  browser.receive(await commit())
  return { userId, data, refused }
}

function testLibrary(start: () => Promise<OldApplication>, without: 'rows' | null): void {
  let old: OldApplication
  beforeAll(async () => {
    old = await start()
  })
  afterAll(() => old.close())
  afterEach(() => void vi.useRealTimers())

  const cases = translateCases.filter(
    ({ needs = [] }) => !needs.includes('vouched') && !(without && needs.includes('outage')),
  )
  testCases('conformance', cases, {
    createCarrier: () => old.carrier(),
    adoptable: async (userId) => browserOf(await old.login(userId)),
    async outage(work) {
      const rows = old.rows as { isDown: boolean }
      rows.isDown = true
      await work().finally(() => {
        rows.isDown = false
      })
    },
  })

  test('whoever was logged in stays logged in, with the data, and the browser keeps our cookie alone', async () => {
    const browser = browserOf(await old.login('ada'))
    const sessions = moved(old.carrier())
    const first = await visit(sessions, browser)
    expect(first).toMatchObject({ userId: 'ada', refused: null })
    if (old.keepsData) expect(first.data).toMatchObject({ cart: ['tea'] })
    expect(first.data).not.toHaveProperty('userId')
    expect([...browser.cookies.keys()]).toEqual(['__Host-session'])
    expect(await visit(sessions, browser)).toMatchObject(first)
    await sessions.close()
  })

  test('a cookie is accepted as long as the other library accepted it, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const [early, late] = [browserOf(await old.login('ada')), browserOf(await old.login('eve'))]
    const began = Date.now()
    vi.setSystemTime(began + old.livesMs - 60_000)
    const before = moved(old.carrier())
    expect(await visit(before, early)).toMatchObject({ userId: 'ada' })
    vi.setSystemTime(began + old.livesMs + 60_000)
    expect((await visit(moved(old.carrier()), late)).userId).toBeNull()
    await before.close()
  })

  test('what our token is made of cannot be guessed by somebody who knows what the session contains', async () => {
    const [one, two] = [browserOf(await old.login('ada')), browserOf(await old.login('ada'))]
    const carrier = old.carrier()
    const [[first = ''], [second = '']] = [carrier.read(one.request()).values, carrier.read(two.request()).values]
    expect(first).not.toBe(second)
    // 128 bits in base64, beside what can be guessed.
    const isOwn = [...first].filter((letter, at) => letter !== second[at])
    expect(isOwn.length).toBeGreaterThanOrEqual(15)
  })
}

describe.each(IN_COOKIES)('%s', (_, start) => testLibrary(start, 'rows'))

describe.each(IN_STORES)('%s', (_, start) => {
  testLibrary(start, null)

  test('the old row is deleted', async () => {
    const old = await start()
    const browser = browserOf(await old.login('ada'))
    expect(old.rows?.count()).toBe(1)
    const sessions = moved(old.carrier())
    await visit(sessions, browser)
    expect(old.rows?.count()).toBe(0)
    await Promise.all([sessions.close(), old.close()])
  })
})
