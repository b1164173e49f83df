import fc from 'fast-check'
import { memoryStore, type SessionId, type Store } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { Browser, create, KEY, NEW_KEY, presented, view } from './kit.ts'

const BIG = 'x'.repeat(4000)
const NAME = '__Host-session'

async function loggedIn(sessions = create(), data: Record<string, unknown> = { cart: ['tea'] }) {
  const browser = new Browser()
  await browser.visit(sessions, async ({ session }) => {
    await session.login('ada')
    Object.assign(session.data, data)
  })
  return browser
}

/** A store that counts what it is asked. */
function counting(): Store & { calls: string[] } {
  const inner = memoryStore()
  const calls: string[] = []
  return {
    ...inner,
    calls,
    read(id) {
      calls.push('read')
      return inner.read(id)
    },
  }
}

describe('3 Strict: what nobody sealed for this cookie opens nothing', () => {
  test('a bit flipped anywhere in the cookie', async () => {
    const sessions = create()
    const { cookie } = await loggedIn(sessions)
    const from = NAME.length + 1
    for (let at = from; at < cookie.length; at++) {
      for (let bit = 0; bit < 7; bit++) {
        const flipped = String.fromCharCode(cookie.charCodeAt(at) ^ (1 << bit))
        if (';\t '.includes(flipped)) continue
        const { userId, refused } = await presented(sessions, cookie.slice(0, at) + flipped + cookie.slice(at + 1))
        expect([at, bit, userId, refused !== null]).toEqual([at, bit, null, true])
      }
    }
  })

  test('a truncated or prolonged cookie', async () => {
    const sessions = create()
    const { cookie } = await loggedIn(sessions)
    for (let length = NAME.length + 2; length < cookie.length; length++) {
      expect((await presented(sessions, cookie.slice(0, length))).userId).toBeNull()
    }
    for (const more of ['A', 'AAAA', '=', '==', '.', '%']) {
      expect((await presented(sessions, cookie + more)).userId).toBeNull()
    }
  })

  test('a second spelling of the same bytes', async () => {
    const sessions = create()
    for (let i = 0; i < 5; i++) {
      const { cookie } = await loggedIn(sessions)
      const other = cookie.slice(0, 20) + cookie.slice(20).replaceAll('-', '+').replaceAll('_', '/')
      if (other !== cookie) expect((await presented(sessions, other)).refused).toBe('forged')
    }
  })

  test('a cookie that a foreign key sealed', async () => {
    const { cookie } = await loggedIn(create({ keys: [NEW_KEY] }))
    expect(await presented(create(), cookie)).toMatchObject({ userId: null, refused: 'forged' })
  })

  test('a cookie that was sealed for another name', async () => {
    const other = create({ cookie: { name: '__Host-admin' } })
    const { cookie } = await loggedIn(other)
    const renamed = cookie.replace('__Host-admin', NAME)
    expect(await presented(create(), renamed)).toMatchObject({ userId: null, refused: 'forged' })
  })

  test('after a key is removed, what it sealed', async () => {
    const { cookie } = await loggedIn()
    expect((await presented(create({ keys: [NEW_KEY, KEY] }), cookie)).userId).toBe('ada')
    expect(await presented(create({ keys: [NEW_KEY] }), cookie)).toMatchObject({ userId: null, refused: 'forged' })
  })

  test('a rotated key reads on, and the next write seals with the first key', async () => {
    const browser = await loggedIn()
    const both = create({ keys: [NEW_KEY, KEY] })
    await browser.visit(both, ({ session }) => {
      session.data.seen = 1
    })
    const after = await presented(create({ keys: [NEW_KEY] }), browser.cookie)
    expect(after).toMatchObject({ userId: 'ada', data: { cart: ['tea'], seen: 1 } })
  })
})

describe('several cookies', () => {
  test('hold what does not fit into one, and are deleted when it is small again', async () => {
    const sessions = create()
    const browser = await loggedIn(sessions, { big: BIG })
    expect(browser.names).toEqual([NAME, `${NAME}.1`])
    expect(await presented(sessions, browser.cookie)).toMatchObject({ userId: 'ada', data: { big: BIG } })
    await browser.visit(sessions, ({ session }) => {
      delete session.data.big
    })
    expect(browser.names).toEqual([NAME])
    expect((await presented(sessions, browser.cookie)).userId).toBe('ada')
  })

  test('of which one is missing are refused, and the next login deletes what is left', async () => {
    const sessions = create()
    const browser = await loggedIn(sessions, { big: BIG })
    const [first = '', second = ''] = browser.cookie.split('; ')
    expect(await presented(sessions, first)).toMatchObject({ userId: null, refused: 'malformed' })
    expect(await presented(sessions, second)).toMatchObject({ userId: null, refused: null })
    browser.receive([`${NAME}=s2broken; Path=/; Secure; HttpOnly`])
    await browser.visit(sessions, async ({ session }) => {
      expect(session.refused).toBe('malformed')
      await session.login('ada')
    })
    expect(browser.names).toEqual([NAME])
    expect((await presented(sessions, browser.cookie)).userId).toBe('ada')
  })

  test('of two versions are refused', async () => {
    const sessions = create()
    const browser = await loggedIn(sessions, { big: BIG })
    const [first = ''] = browser.cookie.split('; ')
    await browser.visit(sessions, ({ session }) => {
      session.data.n = 1
    })
    const [, second = ''] = browser.cookie.split('; ')
    expect(await presented(sessions, `${first}; ${second}`)).toMatchObject({ userId: null, refused: 'malformed' })
    // With the mark of the other version, too.
    const marked = `${NAME}.1=${first.slice(NAME.length + 3 + 16, NAME.length + 3 + 24)}${second.slice(NAME.length + 3 + 8)}`
    expect(await presented(sessions, `${first}; ${marked}`)).toMatchObject({ userId: null, refused: 'forged' })
  })

  test('that are left over change nothing, and the next write deletes them', async () => {
    const sessions = create()
    const browser = await loggedIn(sessions)
    browser.receive([`${NAME}.1=left; Path=/; Secure; HttpOnly`, `${NAME}.2=left; Path=/; Secure; HttpOnly`])
    await browser.visit(sessions, ({ session }) => {
      expect(session.userId).toBe('ada')
      session.data.n = 1
    })
    expect(browser.names).toEqual([NAME])
  })

  test.each([
    ['without a store', () => create()],
    ['with a store', () => create({ revocations: memoryStore() })],
  ])('that would be more than are allowed are an error with the size, and the old ones stay, %s', async (_, start) => {
    const sessions = start()
    const browser = await loggedIn(sessions)
    const { cookie } = browser
    await expect(
      browser.visit(sessions, ({ session }) => {
        session.data.big = BIG + BIG
      }),
    ).rejects.toMatchObject({
      code: 'ERR_DATA_TOO_LARGE',
      message: expect.stringMatching(/would have \d+\.\d kB, and may have 7\.\d kB.*maxCookies/),
    })
    expect((await presented(sessions, cookie)).data).toEqual({ cart: ['tea'] })
  })

  test.each([
    ['without a store', 4700, () => create()],
    ['with a store', 5500, () => create({ revocations: memoryStore() })],
  ])('two hold what the page says, %s', async (_, bytes, start) => {
    const sessions = start()
    const browser = await loggedIn(sessions, { text: 'x'.repeat(bytes) })
    expect(browser.names).toHaveLength(2)
    expect((await presented(sessions, browser.cookie)).data).toEqual({ text: 'x'.repeat(bytes) })
  })

  test('padding hides the length, and no value is compressed', async () => {
    const padded = create({ padTo: 1024 })
    const lengths = await Promise.all(
      [1, 50, 400].map(async (n) => (await loggedIn(padded, { a: 'a'.repeat(n) })).cookie.length),
    )
    expect(new Set(lengths).size).toBe(1)
    const [short = 0, long = 0] = await Promise.all(
      [0, 1500].map(async (n) => (await loggedIn(create(), { a: 'a'.repeat(n) })).cookie.length),
    )
    expect(long - short).toBe(2000)
  })
})

describe('6 Two clocks', () => {
  test('both limits are inside, and a clock that is set back prolongs neither beyond the absolute limit', async () => {
    let now = Date.UTC(2030, 0, 1)
    const sessions = create({ clock: () => now })
    const { cookie } = await loggedIn(sessions)
    now += 31 * 60_000
    expect(await presented(sessions, cookie)).toMatchObject({ userId: null, refused: 'expired' })
    now -= 40 * 60_000
    expect((await presented(sessions, cookie)).userId).toBe('ada')
    now += 13 * 3_600_000
    expect((await presented(sessions, cookie)).refused).toBe('expired')
  })
})

describe('1 Ended is ended: without a store, what it lacks', () => {
  test('a cookie that is replayed after the logout opens the session, and so does an older cookie', async () => {
    const sessions = create()
    const browser = await loggedIn(sessions)
    const { cookie } = browser
    await browser.visit(sessions, ({ session }) => session.logout())
    expect(browser.names).toEqual([])
    expect((await presented(sessions, cookie)).userId).toBe('ada')
  })

  test('nothing pretends to end the sessions of a user', async () => {
    const sessions = create()
    const calls = [
      () => sessions.revokeAll('ada'),
      () => sessions.passwordChanged('ada'),
      () => sessions.list('ada'),
      () => sessions.erase('ada'),
      () => sessions.endAll(),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    const browser = await loggedIn(sessions)
    await expect(browser.visit(sessions, ({ session }) => session.logout({ everywhere: true }))).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED',
    })
  })
})

describe('1 Ended is ended: with revocations', () => {
  test('a cookie that is replayed after the logout is refused', async () => {
    const sessions = create({ revocations: memoryStore() })
    const browser = await loggedIn(sessions)
    const { cookie } = browser
    await browser.visit(sessions, ({ session }) => session.logout())
    expect(await presented(sessions, cookie)).toMatchObject({ userId: null, refused: 'ended', data: {} })
  })

  test('an anonymous cookie that is replayed after the login is refused', async () => {
    const sessions = create({ revocations: memoryStore() })
    const browser = new Browser()
    await browser.visit(sessions, ({ session }) => {
      session.data.cart = ['tea']
    })
    const { cookie } = browser
    await browser.visit(sessions, ({ session }) => session.login('ada'))
    expect((await presented(sessions, browser.cookie)).data).toEqual({ cart: ['tea'] })
    expect(await presented(sessions, cookie)).toMatchObject({ refused: 'ended' })
  })

  test('a cookie from before a rotation is refused; older data of the same token is not noticed', async () => {
    const sessions = create({ revocations: memoryStore() })
    const browser = await loggedIn(sessions)
    const { cookie } = browser
    await browser.visit(sessions, ({ session }) => {
      session.data.cart = []
    })
    expect((await presented(sessions, cookie)).data).toEqual({ cart: ['tea'] })
    await browser.visit(sessions, ({ session }) => session.rotate())
    expect(await presented(sessions, cookie)).toMatchObject({ userId: null, refused: 'superseded' })
    expect((await presented(sessions, browser.cookie)).data).toEqual({ cart: [] })
  })

  test('a stolen cookie is refused after revokeAll, revokeOthers, passwordChanged and endAll', async () => {
    const sessions = create({ revocations: memoryStore() })
    const [thief, owner, eve] = await Promise.all([loggedIn(sessions), loggedIn(sessions), loggedIn(sessions)])
    expect(await owner.visit(sessions, ({ session }) => session.devices())).toHaveLength(3)
    await owner.visit(sessions, ({ session }) => sessions.passwordChanged('ada', { keep: session }))
    expect((await presented(sessions, thief.cookie)).refused).toBe('ended')
    expect((await presented(sessions, owner.cookie)).data).toEqual({ cart: ['tea'] })
    expect((await presented(sessions, eve.cookie)).refused).toBe('ended')
    const second = await loggedIn(sessions)
    await owner.visit(sessions, ({ session }) => session.revokeOthers())
    expect((await presented(sessions, second.cookie)).refused).toBe('ended')
    expect(await sessions.revokeAll('ada')).toBe(1)
    expect((await presented(sessions, owner.cookie)).refused).toBe('ended')
    const last = await loggedIn(sessions)
    await sessions.endAll()
    expect((await presented(sessions, last.cookie)).refused).toBe('ended')
  })

  test('a save that was on its way does not bring an ended session back', async () => {
    const sessions = create({ revocations: memoryStore() })
    const browser = await loggedIn(sessions)
    const { session, commit } = await sessions.open(view(browser.cookie))
    await sessions.revokeAll('ada')
    await expect(session.update('n', () => 1)).rejects.toMatchObject({ code: 'ERR_SESSION_ENDED' })
    session.data.n = 2
    const sent = (await commit()).filter(({ name }) => name === 'set-cookie')
    expect(sent).toEqual([])
  })

  test('the store keeps none of the data', async () => {
    const revocations = memoryStore()
    const sessions = create({ revocations })
    const browser = await loggedIn(sessions, { diary: 'secret' })
    await browser.visit(sessions, ({ session }) => session.update('diary', () => 'secret too'))
    await new Browser().visit(sessions, async ({ session }) => {
      session.data.diary = 'secret'
      await session.login('grace', { carry: true })
    })
    const kept = async (user: string) =>
      (await revocations.list(user)).map((record) => record.kind === 'live' && record.data)
    for (const user of ['ada', 'grace']) expect(await kept(user)).toEqual([{}])
    const anonymous = new Browser()
    const id = await anonymous.visit(sessions, async ({ session }) => {
      session.data.diary = 'secret'
      await session.save()
      return session.id
    })
    expect(await revocations.read(id as SessionId)).toHaveProperty('data', {})
    expect((await presented(sessions, anonymous.cookie)).data).toEqual({ diary: 'secret' })
  })

  test('an edit of the data writes nothing to the store', async () => {
    const inner = memoryStore()
    let writes = 0
    const revocations: Store = {
      ...inner,
      write(id, change) {
        writes += 1
        return inner.write(id, change)
      },
    }
    const sessions = create({ revocations })
    const browser = await loggedIn(sessions)
    writes = 0
    await browser.visit(sessions, ({ session }) => {
      session.data.n = 1
    })
    await browser.visit(sessions, ({ session }) => session.update('n', () => 2))
    expect(writes).toBe(0)
    expect((await presented(sessions, browser.cookie)).data).toEqual({ cart: ['tea'], n: 2 })
  })

  test('two applications with one key and one name share their sessions, as the page says; with two names they do not', async () => {
    const { cookie } = await loggedIn(create())
    expect((await presented(create(), cookie)).userId).toBe('ada')
    const other = create({ cookie: { name: '__Host-other' } })
    expect((await presented(other, cookie)).userId).toBeNull()
  })

  test('7 Fail closed: while the store is down, no session opens and no cookie changes', async () => {
    const inner = memoryStore()
    let isDown = false
    const revocations: Store = {
      ...inner,
      read(id) {
        if (isDown) throw new Error('connect ECONNREFUSED')
        return inner.read(id)
      },
    }
    const sessions = create({ revocations })
    const { cookie } = await loggedIn(sessions)
    isDown = true
    await expect(presented(sessions, cookie)).rejects.toMatchObject({ code: 'ERR_STORE', status: 503 })
    isDown = false
    expect((await presented(sessions, cookie)).userId).toBe('ada')
  })

  test('a store that lost its records ends sessions, and brings none back', async () => {
    const { cookie } = await loggedIn(create({ revocations: memoryStore() }))
    expect(await presented(create({ revocations: memoryStore() }), cookie)).toMatchObject({ refused: 'unknown' })
  })

  test('a cookie from before there was a store, and one from after it, open nothing on the other side', async () => {
    const [before, after] = [create(), create({ revocations: memoryStore() })]
    expect((await presented(after, (await loggedIn(before)).cookie)).refused).toBe('unknown')
    expect((await presented(before, (await loggedIn(after)).cookie)).refused).toBe('malformed')
  })
})

describe('2 Lost update: what it lacks', () => {
  test.each([false, true])('of two parallel requests the last one counts; with a store: %s', async (isStored) => {
    const sessions = create(isStored ? { revocations: memoryStore() } : {})
    const browser = await loggedIn(sessions, {})
    const { cookie } = browser
    const sent: string[] = []
    for (const key of ['a', 'b']) {
      const { session, commit } = await sessions.open(view(cookie))
      session.data[key] = 1
      sent.push(...(await commit()).filter(({ name }) => name === 'set-cookie').map(({ value }) => value))
    }
    browser.receive(sent)
    expect((await presented(sessions, browser.cookie)).data).toEqual({ b: 1 })
  })
})

describe('9 Hostile input costs nothing', () => {
  const RUNS = Number(process.env.FUZZ_RUNS ?? 3000)

  test('malformed cookies give a refusal: no throw, and no store read', { timeout: 600_000 }, async () => {
    const revocations = counting()
    const sessions = create({ revocations })
    const { cookie } = await loggedIn(sessions, { big: BIG })
    revocations.calls.length = 0
    const [first = '', second = ''] = cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.base64String({ maxLength: 400 }),
      fc.nat(first.length).map((at) => first.slice(0, at)),
      fc.nat(second.length).map((at) => second.slice(at)),
      fc.constantFrom('s1', 's2', 's3', 's4', 's0', '', 'malformed', 'forged', first, second),
    )
    const name = fc.constantFrom(NAME, NAME, `${NAME}.1`, `${NAME}.2`, `${NAME}.3`, 'other')
    const header = fc
      .array(
        fc.tuple(
          name,
          fc.array(piece, { maxLength: 3 }).map((all) => all.join('')),
        ),
        { maxLength: 6 },
      )
      .filter((pairs) => !pairs.some(([, value]) => value === first))
      .map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join('; '))
    await fc.assert(
      fc.asyncProperty(header, async (text) => {
        const exchange = await sessions.open(view(text))
        expect(exchange.session.userId).toBeNull()
      }),
      { numRuns: RUNS },
    )
    expect(revocations.calls).toEqual([])
  })

  test('whatever the data, the cookie holds it', async () => {
    const sessions = create({ maxCookies: 3 })
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), fc.jsonValue(), { maxKeys: 4 }),
        async (data) => {
          if (JSON.stringify(data).length > 3000) return
          const browser = await loggedIn(sessions, JSON.parse(JSON.stringify(data)))
          expect((await presented(sessions, browser.cookie)).data).toEqual(JSON.parse(JSON.stringify(data)))
        },
      ),
      { numRuns: 300 },
    )
  })
})
