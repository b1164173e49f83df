import { createSessions, SessionError } from 'sojourn'
import { type AuditLog, type AuditLogOptions, auditLog, verifyAuditLog } from 'sojourn/audit-log'
import { describe, expect, it, vi } from 'vitest'
import { createClock, createWorld, DAY, MINUTE, rejection, type World } from '../core/kit.ts'
import { type FaultySink, faultySink, KEY } from './audit-kit.ts'

interface Logged {
  readonly world: World<Record<string, unknown>>
  readonly sink: FaultySink
  readonly log: AuditLog
  readonly entries: () => Record<string, unknown>[]
}

function logged(options: Partial<AuditLogOptions> = {}): Logged {
  const world = createWorld({ keys: ['a key of the sessions in these tests'] })
  const sink = faultySink()
  const log = auditLog(world.sessions, { sink, keys: [KEY], clock: world.clock, ...options })
  return { world, sink, log, entries: () => sink.texts.map((text) => JSON.parse(text)) }
}

const login = ({ world }: Logged, user: string, address = '203.0.113.7'): Promise<unknown> =>
  world.client().send((session) => session.login(user), { peer: address })

describe('an entry', () => {
  it('has the event, its time, the session, the user, and the network of the client', async () => {
    const it = logged()
    await login(it, 'ada')
    await it.log.flush()
    expect(it.entries()[1]).toEqual({
      log: expect.stringMatching(/^[\w-]{22}$/),
      seq: 2,
      prev: it.entries()[0]?.hash,
      at: '2030-01-01T00:00:00.000Z',
      by: expect.stringMatching(/^[\w-]{8}$/),
      type: 'login',
      id: expect.stringMatching(/^[\w-]{22}$/),
      userId: 'ada',
      replaced: null,
      methods: [],
      assurance: null,
      request: { method: 'GET', path: '/', host: 'shop.example', origin: null, address: '203.0.113.0/24' },
      hash: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  it.each([
    ['short', '2001:db8:7:8::9', '2001:db8:7::/48'],
    ['full', '203.0.113.7', '203.0.113.7'],
    ['none', '203.0.113.7', null],
  ] as const)('address: %s', async (address, peer, kept) => {
    const it = logged({ address })
    await login(it, 'ada', peer)
    await it.log.flush()
    expect(it.entries()[1]?.request).toMatchObject({ address: kept })
  })

  it('has the fields of context, and is written without them if context throws', async () => {
    let calls = 0
    const context = () => {
      calls += 1
      if (calls === 1) throw new Error('no trace')
      return { traceId: 'abc' }
    }
    const it = logged({ context })
    await login(it, 'ada')
    await login(it, 'grace')
    await it.log.flush()
    const [, first, ...rest] = it.entries()
    expect(first).toMatchObject({ type: 'login', userId: 'ada' })
    expect(first).not.toHaveProperty('context')
    expect(rest.find(({ userId }) => userId === 'grace')).toMatchObject({ context: { traceId: 'abc' } })
    expect(it.world.eventsOf('fault')).toMatchObject([{ error: { message: 'no trace' } }])
  })

  it('is written without the fields of an async context, and one fault says so', async () => {
    const it = logged({ context: (async () => Promise.reject(new Error('late'))) as never })
    await login(it, 'ada')
    await it.log.flush()
    expect(it.entries()[1]).not.toHaveProperty('context')
    expect(it.world.eventsOf('fault')).toMatchObject([
      { error: { code: 'ERR_MISUSE', message: expect.stringContaining('returned a promise') } },
    ])
  })

  it('of the application', async () => {
    const it = logged()
    await it.log.record('role.changed', { userId: 'ada', by: 'grace' })
    expect(it.entries()[1]).toMatchObject({ type: 'role.changed', details: { userId: 'ada', by: 'grace' } })
    expect(await rejection(it.log.record('audit.deleted', { before: 3 }))).toMatchObject({ code: 'ERR_OPTION' })
    expect(await rejection(it.log.record('x', null as never))).toMatchObject({ code: 'ERR_OPTION' })
  })

  it('stays small, whatever an application puts into it', async () => {
    const it = logged()
    const wide = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, 'x '.repeat(2500)]))
    await it.log.record('huge', { a: wide, b: wide, userId: 'ada' })
    await it.log.record('deep', { a: { b: { c: { d: { e: { f: 1 } } } } } })
    expect(it.entries()[1]).toMatchObject({ type: 'huge', tooLarge: expect.any(Number) })
    expect(it.sink.texts[1]?.length).toBeLessThan(1000)
    expect(JSON.stringify(it.entries()[2])).toContain('"d":null')
    expect((await verifyAuditLog(it.sink.texts, { keys: [KEY] })).ok).toBe(true)
  })

  it('of a fault has codes, but not what a driver said', async () => {
    const it = logged()
    const cause = Object.assign(new Error('SELECT secret row'), { code: '57P01' })
    const client = it.world.client()
    await client.send((session) => session.login('ada'))
    it.world.store.fail('read', { error: new SessionError('ERR_STORE', 'postgres: read failed.', cause) })
    await rejection(client.send(() => undefined))
    await it.log.flush()
    const fault = it.entries().find(({ type }) => type === 'fault')
    expect(fault).toMatchObject({ operation: 'read', error: { code: 'ERR_STORE', cause: { code: '57P01' } } })
    expect(JSON.stringify(fault)).not.toContain('secret')
  })
})

describe('the sink fails', () => {
  it('no request fails or waits, one fault is emitted, and nothing is lost', async () => {
    const it = logged()
    it.sink.fail(2)
    await login(it, 'ada')
    await login(it, 'grace')
    const error = await rejection(it.log.flush())
    expect(error).toMatchObject({ code: 'ERR_EVENTS', message: expect.stringContaining('entries are not stored') })
    await it.log.flush()
    const users = it.entries().flatMap(({ userId, type }) => (type === 'login' ? [userId] : []))
    expect(users).toEqual(['ada', 'grace'])
    expect(it.world.eventsOf('fault')).toMatchObject([
      { operation: "listener of 'login'", error: { code: 'ERR_EVENTS' } },
    ])
    expect(JSON.stringify(it.world.eventsOf('fault')), 'no text of the driver').not.toContain('secret')
    expect((await verifyAuditLog(it.sink.texts, { keys: [KEY] })).problems).toEqual([])
  })

  it('the answer is lost, but the lines are stored: they are not stored twice', async () => {
    const it = logged()
    await login(it, 'ada')
    await it.log.flush()
    it.sink.fail(1, 'after')
    await login(it, 'grace')
    await it.log.flush()
    expect(it.entries().filter(({ userId, type }) => type === 'login' && userId === 'grace')).toHaveLength(1)
    expect((await verifyAuditLog(it.sink.texts, { keys: [KEY] })).problems).toEqual([])
  })

  it('the answer is lost, and the sink shows only the last of the lines: none is stored twice', async () => {
    const whole = faultySink()
    const sink = { ...whole, read: async () => ({ lines: whole.texts.slice(-2).map((text) => ({ text })) }) }
    const log = auditLog(createWorld().sessions, { sink, keys: [KEY] })
    await log.setup()
    sink.fail(2, 'after')
    const all = Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f'].map((type) => log.record(type, {})))
    await log.flush().catch(() => undefined)
    await log.close()
    await all
    expect(await verifyAuditLog(whole.texts, { keys: [KEY] })).toMatchObject({ ok: true, lines: 8 })
  })

  it('tries again by itself, later each time', async () => {
    vi.useFakeTimers()
    try {
      const it = logged()
      it.sink.fail(3)
      await login(it, 'ada')
      await vi.advanceTimersByTimeAsync(0)
      expect(it.sink.appends).toBe(1)
      await vi.advanceTimersByTimeAsync(1000)
      expect(it.sink.appends).toBe(2)
      await vi.advanceTimersByTimeAsync(1999)
      expect(it.sink.appends).toBe(2)
      await vi.advanceTimersByTimeAsync(1)
      expect(it.sink.appends).toBe(3)
      await vi.advanceTimersByTimeAsync(4000)
      expect(it.entries().filter(({ type }) => type === 'login')).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('too many entries wait: the rest is dropped, counted in the log, and reported', async () => {
    const it = logged({ maxWaiting: 3 })
    const release = it.sink.hold()
    for (const user of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await login(it, user)
    expect(it.world.eventsOf('fault')).toMatchObject([
      { error: { code: 'ERR_EVENTS', message: expect.stringContaining('too many entries wait') } },
    ])
    release()
    await it.log.flush()
    const lost = it.entries().find(({ type }) => type === 'audit.lost')
    const logins = it.entries().filter(({ type }) => type === 'login')
    expect(Number(lost?.count)).toBeGreaterThan(0)
    expect(it.entries().filter(({ type }) => type === 'fault').length + logins.length + Number(lost?.count)).toBe(8)
    expect((await verifyAuditLog(it.sink.texts, { keys: [KEY] })).problems).toEqual([])
  })

  it('too many entries wait: each one of the application that is dropped rejects', async () => {
    const it = logged({ maxWaiting: 2 })
    await it.log.setup()
    const release = it.sink.hold()
    const all = Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((type) => it.log.record(type, {})))
    release()
    const types = (await all).map(({ status }, index) => [it.entries()[index + 1]?.type, status])
    expect(types.map(([, status]) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected'])
    await it.log.close()
    expect(it.entries().find(({ type }) => type === 'audit.lost')).toMatchObject({ count: 3 })
  })

  it('the first thing that cannot be stored is a fault itself: the next event reports it', async () => {
    const it = logged()
    await it.log.setup()
    it.sink.fail(9)
    it.world.store.fail('create')
    await rejection(it.world.client().send((session) => session.login('ada')))
    await rejection(it.log.flush())
    expect(it.world.eventsOf('fault')).toHaveLength(1)
    await login(it, 'grace')
    await vi.waitFor(() => expect(it.world.eventsOf('fault')).toHaveLength(2))
    expect(it.world.eventsOf('fault')[1]).toMatchObject({ error: { code: 'ERR_EVENTS' } })
  })

  it('close rejects if entries are lost', async () => {
    const it = logged()
    await login(it, 'ada')
    await it.log.flush()
    it.sink.fail(9)
    await login(it, 'grace')
    expect(await rejection(it.log.close())).toMatchObject({ code: 'ERR_EVENTS' })
    expect(await rejection(it.log.record('x', {}))).toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('setup rejects if it cannot write, and works again later', async () => {
    const it = logged()
    it.sink.fail(1)
    expect(await rejection(it.log.setup())).toMatchObject({ code: 'ERR_EVENTS' })
    await it.log.setup()
    expect(it.entries()).toMatchObject([{ type: 'audit.opened', seq: 1, prev: '' }])
    await it.log.setup()
    expect(it.entries()).toHaveLength(1)
  })
})

describe('close', () => {
  it('stores what waits, and records that the log was closed', async () => {
    const it = logged()
    await login(it, 'ada')
    await it.log.close()
    await it.log.close()
    await login(it, 'grace')
    expect(it.entries().map(({ type }) => type)).toEqual(['audit.opened', 'login', 'audit.closed'])
    const { logs } = await verifyAuditLog(it.sink.texts, { keys: [KEY] })
    expect(logs).toMatchObject([{ isClosed: true, anchor: it.log.anchor() }])
  })

  it('a second call waits for the first one', async () => {
    const it = logged()
    await it.log.setup()
    const release = it.sink.hold()
    const first = it.log.close()
    const second = it.log.close().then(() => it.entries().length)
    await new Promise(setImmediate)
    release()
    await first
    expect(await second).toBe(2)
  })
})

describe('a client without a session that causes events as often as it likes', () => {
  it('gets a hundred entries of a type in a minute, and the log counts the rest', async () => {
    const it = logged()
    const send = () => it.world.client().send(() => undefined, { cookie: '__Host-session=made-up' })
    for (let i = 0; i < 250; i++) await send()
    await login(it, 'ada')
    it.world.clock.advance(MINUTE)
    await send()
    await it.log.close()
    const refused = it.entries().filter(({ type }) => type === 'refused')
    expect(refused).toHaveLength(101)
    expect(it.entries().filter(({ type }) => type === 'audit.omitted')).toMatchObject([{ counts: { refused: 150 } }])
    expect(
      it.entries().filter(({ type }) => type === 'login'),
      'events of sessions are never omitted',
    ).toHaveLength(1)
  })

  it('what was omitted last is counted when the log closes', async () => {
    const it = logged()
    for (let i = 0; i < 130; i++) await it.world.client().send(() => undefined, { cookie: '__Host-session=made-up' })
    await it.log.close()
    expect(it.entries().at(-2)).toMatchObject({ type: 'audit.omitted', counts: { refused: 30 } })
  })
})

describe('old lines', () => {
  it('are looked for once an hour; an entry records the deletion before it happens', async () => {
    const it = logged({ keep: '30d' })
    const calls: string[] = []
    Object.assign(it.sink, {
      oldestKept: async (cutoff: number) => {
        calls.push(`oldest ${(it.world.clock() - cutoff) / DAY}`)
        return 3
      },
      deleteBefore: async (seq: number) => {
        calls.push(`delete ${seq} after ${it.entries().at(-1)?.type}`)
        it.sink.texts.splice(0, seq - 1)
      },
    })
    for (const user of ['ada', 'grace', 'alan']) {
      await login(it, user)
      await it.log.flush()
    }
    expect(calls).toEqual(['oldest 30', 'delete 3 after audit.deleted'])
    const report = await verifyAuditLog(it.sink.texts, { keys: [KEY] })
    expect(report.problems).toEqual([])
    expect(report.logs[0]?.first).toBe(3)
    it.world.clock.advance(61 * MINUTE)
    await login(it, 'edsger')
    await it.log.flush()
    expect(calls).toHaveLength(4)
  })
})

describe('a clock of the application', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e20, -1e20])('that returns %s stops no log', async (time) => {
    const it = logged({ clock: () => time })
    await it.log.record('x', {})
    await it.log.close()
    expect(it.entries()).toMatchObject(Array.from({ length: 3 }, () => ({ at: '1970-01-01T00:00:00.000Z' })))
    expect(await verifyAuditLog(it.sink.texts, { keys: [KEY] })).toMatchObject({ ok: true })
  })

  it('that was a year ahead, and is set back, does not stop the deletion of old lines', async () => {
    let asked = 0
    const sink = {
      ...faultySink(),
      oldestKept: async () => {
        asked += 1
        return null
      },
    }
    const clock = createClock()
    const log = auditLog(createSessions(), { sink, keys: [KEY], keep: '2d', clock })
    clock.advance(365 * DAY)
    await log.record('ahead', {})
    clock.advance(-365 * DAY)
    await log.record('back', {})
    expect(asked).toBe(2)
    await log.close()
  })
})

describe('options', () => {
  const sessions = createSessions()
  it.each<[string, unknown]>([
    ['no sink', {}],
    ['an unknown option', { sink: faultySink(), sinks: [] }],
    ['a short key', { sink: faultySink(), keys: ['short'] }],
    ['a key that repeats itself', { sink: faultySink(), keys: ['change-me-'.repeat(5)] }],
    ['no key', { sink: faultySink(), keys: [] }],
    ['an empty key', { sink: faultySink(), keys: [''] }],
    ['no time', { sink: faultySink(), keep: 'long' }],
    ['another form of addresses', { sink: faultySink(), address: 'half' }],
  ])('%s is ERR_OPTION', (_, options) => {
    expect(() => auditLog(sessions, options as AuditLogOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })

  it('something else in place of sessions is ERR_OPTION', () => {
    expect(() => auditLog({} as never, { sink: faultySink() })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('no error shows a key', () => {
    expect(() => auditLog(sessions, { sink: faultySink(), keys: ['my short key'] })).not.toThrow(/my short key/)
  })
})
