import { type RecordCarrierContext, recordCarrierCases, runCases, toTable } from '@sojourn/conformance'
import {
  type Carrier,
  cookieCarrier,
  createSessions,
  type Guard,
  memoryStore,
  type RequestView,
  type Ruling,
  type Session,
} from 'sojourn'
import { adopt } from 'sojourn/carriers/kit'
import { describe, expect, test } from 'vitest'
import { sealedCookie, unseal } from './sealed-cookie.ts'

function contextOf(createCarrier: () => Carrier): RecordCarrierContext {
  return {
    createCarrier,
    createClient() {
      let cookie: string | null = null
      return {
        request: (): RequestView => {
          const now = cookie
          return {
            method: 'GET',
            url: '/',
            secure: true,
            peer: null,
            header: (name) => (name === 'cookie' ? now : null),
          }
        },
        receive(changes) {
          for (const { name, value } of changes) {
            if (name === 'set-cookie') cookie = value.includes('Max-Age=0') ? null : (value.split(';', 1)[0] ?? null)
          }
        },
      }
    },
  }
}

async function failures(createCarrier: () => Carrier): Promise<readonly string[]> {
  const results = await runCases(recordCarrierCases, contextOf(createCarrier))
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name)
}

test('a carrier that holds the record in an encrypted cookie holds', async () => {
  const results = await runCases(recordCarrierCases, contextOf(sealedCookie))
  expect(
    results.filter(({ status }) => status !== 'passed'),
    toTable(results),
  ).toEqual([])
})

test('an application must accept what such a carrier lacks', () => {
  expect(() => createSessions({ carriers: [sealedCookie()], store: memoryStore() })).toThrow(
    /sealed-cookie lacks ended: .*insecureStoreLacks/s,
  )
})

describe('beside a carrier that sends no tokens', () => {
  const oldCookie: Carrier = {
    name: 'old-cookie',
    ambient: true,
    readOnly: true,
    vary: 'Cookie',
    read: (view) => ({
      values: /(?:^|; )old=(\w+)/.exec(view.header('cookie') ?? '')?.slice(1) ?? [],
      overflow: false,
    }),
    translate: (text) =>
      text === 'good' ? adopt({ key: text, load: () => ({ userId: 'ada', data: { a: 1 }, until: 4e12 }) }) : 'forged',
    write: () => [],
    clear: () => [],
  }

  function create(carriers: readonly Carrier[] = [sealedCookie(), oldCookie]) {
    const sessions = createSessions<{ a?: number }>({
      carriers,
      store: memoryStore(),
      insecureStoreLacks: ['ended', 'lost-update', 'fresh-token', 'list'],
      warn: () => {},
    })
    return async (cookie: string, handler: (session: Session<{ a?: number }>) => unknown): Promise<string> => {
      const view = { method: 'GET', url: '/', secure: true, peer: null }
      const header = (name: string): string | null => (name === 'cookie' ? cookie : null)
      const { session, commit } = await sessions.open({ ...view, header })
      await handler(session)
      const sent = (await commit()).filter(({ name }) => name === 'set-cookie').map(({ value }) => value)
      return sent.join().split(';', 1)[0] ?? ''
    }
  }

  test('a login reaches the client, although a text on the other one was refused', async () => {
    const request = create()
    const cookie = await request('old=bad', async (session) => {
      expect(session.refused).toBe('forged')
      await session.login('bob')
    })
    await request(cookie, ({ userId }) => expect(userId).toBe('bob'))
  })

  test.each(['login', 'logout'] as const)('a %s replaces the record behind a refused text', async (verb) => {
    const request = create([oldCookie, sealedCookie()])
    const cookie = await request('', (session) => session.login('ada'))
    const next = await request(`old=bad; ${cookie}`, (session) =>
      verb === 'login' ? session.login('bob') : session.logout(),
    )
    await request(next, ({ userId }) => expect(userId).toBe(verb === 'login' ? 'bob' : null))
  })

  test('an adopted session reaches the client, once', async () => {
    const request = create()
    const cookie = await request('old=good', ({ userId }) => expect(userId).toBe('ada'))
    const changed = await request(cookie, (session) => {
      expect([session.userId, session.data]).toEqual(['ada', { a: 1 }])
      session.data.a = 2
    })
    await request(changed, ({ data }) => expect(data).toEqual({ a: 2 }))
    await request(changed, (session) => session.logout())
    await request('old=good', ({ userId, refused }) => expect([userId, refused]).toEqual([null, 'expired']))
  })
})

describe('on a socket, where no header can be sent, a guard', () => {
  type Data = { a?: number }

  async function loggedIn(guard: Guard) {
    const faults: string[] = []
    const sessions = createSessions<Data>({
      carriers: [sealedCookie()],
      store: memoryStore(),
      guards: [guard],
      insecureStoreLacks: ['ended', 'lost-update', 'fresh-token', 'list'],
      insecureNoCrossOriginCheck: true,
      warn: () => {},
    })
    sessions.on('fault', ({ operation }) => void faults.push(operation))
    const client = contextOf(sealedCookie).createClient()
    const http = async (work: (session: Session<Data>) => unknown): Promise<void> => {
      const { session, commit } = await sessions.open(client.request())
      await work(session)
      client.receive(await commit())
    }
    await http((session) => session.login('ada', { methods: ['pwd'] }))
    return { faults, http, open: async () => sessions.open({ ...client.request(), canSetHeaders: false }) }
  }

  const onSocket = (ruling: (note: string | null) => Ruling, whenDown: 'deny' | 'allow' = 'deny'): Guard => ({
    name: 'watcher',
    whenDown,
    opened: ({ view, note }) => (view.canSetHeaders === false ? ruling(note) : { note: 'home' }),
  })

  test.each<[string, Ruling]>([
    ['a first note', { note: 'socket' }],
    ['a note and an answer', { note: 'used up', answer: { status: 401, reason: 'challenge', message: 'Sign this.' } }],
  ])('7 Fail closed: that stores %s has failed before the handler runs', async (_, ruling) => {
    const { faults, open } = await loggedIn(onSocket(() => ruling))
    await expect(open()).rejects.toMatchObject({ code: 'ERR_GUARD', status: 503, cause: { code: 'ERR_NO_HEADERS' } })
    expect(faults).toEqual(['guard watcher'])
  })

  test('that may be down loses its note, and the request runs', async () => {
    const { faults, http, open } = await loggedIn(onSocket(() => ({ note: 'socket' }), 'allow'))
    await http(() => {})
    const { session, answer, commit, finish } = await open()
    expect([session.userId, answer]).toEqual(['ada', null])
    expect(await commit()).not.toContainEqual(expect.objectContaining({ name: 'set-cookie' }))
    await finish()
    expect(faults).toEqual(['guard watcher'])
  })

  test('that writes what its note already says stores nothing, so the request runs', async () => {
    const notes: unknown[] = []
    const guard = onSocket((note) => {
      notes.push(note)
      return { note }
    })
    const { faults, http, open } = await loggedIn(guard)
    await http(() => {})
    const { session, commit } = await open()
    expect(session.userId).toBe('ada')
    await commit()
    expect([notes, faults]).toEqual([['home'], []])
  })

  test('that stops trusting the user is obeyed for this request', async () => {
    const { faults, open } = await loggedIn(onSocket(() => ({ distrust: true })))
    const { session, commit } = await open()
    expect([session.userId, session.authenticatedAt, session.methods]).toEqual(['ada', null, []])
    await commit()
    expect(faults).toEqual([])
  })
})

describe('a carrier that is broken in one way fails', () => {
  const store = memoryStore()
  const unchecked = (text: string): never => JSON.parse(Buffer.from(text, 'base64url').toString()) as never

  test.each<[broken: string, createCarrier: () => Carrier, fails: string]>([
    [
      'never reads what the client presents',
      () => ({ ...sealedCookie(), records: { of: () => memoryStore() } }),
      'what one process stores, another process reads',
    ],
    [
      'forgets the times of the record',
      () =>
        sealedCookie((text) => {
          const sealed = unseal(text)
          const fresh = { createdAt: 4e12, lastSeenAt: 4e12, expiresAt: 5e12 }
          return sealed === null ? null : { ...sealed, record: { ...sealed.record, ...fresh } }
        }),
      'both limits end it',
    ],
    [
      'sends the first token again',
      () => {
        const carrier = sealedCookie()
        let first: Parameters<Carrier['write']>[1] | null = null
        return {
          ...carrier,
          write(view, token, life) {
            first ??= token
            return carrier.write(view, first, life)
          },
        }
      },
      'a login and a rotation send a fresh token',
    ],
    ['keeps the records in one store for all', () => ({ ...sealedCookie(), records: { of: () => store } }), 'what one'],
    [
      'keeps the records in the store of the application',
      () => ({ ...sealedCookie(), records: { of: (_, shared) => shared } }),
      'what one process stores',
    ],
    [
      'checks no signature',
      () => {
        const carrier = sealedCookie(unchecked)
        return {
          ...carrier,
          read: (view) => {
            const text = /sealed=(.*)/.exec(view.header('cookie') ?? '')?.[1]
            return { values: text === undefined ? [] : [last], overflow: false }
          },
          records: { of: () => oneStore },
          write: (_, token) => {
            last = token
            return [{ name: 'set-cookie', value: `sealed=${token}`, how: 'append' }]
          },
        }
      },
      'a record that was changed on the way opens nothing',
    ],
    ['forgets to clear', () => ({ ...sealedCookie(), clear: () => [] }), 'a logout makes the client forget it'],
    [
      'forgets when its client was last seen',
      () =>
        sealedCookie((text) => {
          const sealed = unseal(text)
          if (sealed === null) return null
          const { lastSeenAt } = sealed.record
          return { ...sealed, record: { ...sealed.record, lastSeenAt: lastSeenAt - 600_000 } }
        }),
      'nothing is sent before something is written',
    ],
    [
      'leaves the records to the store of the application',
      () => cookieCarrier(),
      'a write that can no longer be sent is an error',
    ],
    [
      'keeps the latest request in place of each',
      () => {
        const carrier = sealedCookie()
        let latest: RequestView | null = null
        return {
          ...carrier,
          records: {
            ...carrier.records,
            of(view, shared) {
              latest = view
              return carrier.records?.of(view, shared) ?? shared
            },
          },
          write: (view, token, life) => carrier.write(latest ?? view, token, life),
        }
      },
      'two requests at once do not see what the other writes',
    ],
  ])('when it %s', async (_, createCarrier, fails) => {
    expect((await failures(createCarrier)).filter((name) => name.startsWith(fails))).toHaveLength(1)
  })
})

let last = ''
const oneStore = memoryStore()
