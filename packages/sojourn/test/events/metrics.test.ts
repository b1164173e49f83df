import { createServer } from 'node:http'
import { memoryStore, SessionError, type SessionEvent } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { type CountedSessions, type MeasuredStoreOptions, measuredStore, sessionMetrics } from 'sojourn/metrics'
import { nearCache } from 'sojourn/stores/near-cache'
import { describe, expect, it } from 'vitest'
import { createWorld, rejection, toView } from '../core/kit.ts'
import { type Family, parseExposition } from './exposition.ts'

const familyOf = (families: ReadonlyMap<string, Family>, name: string): Family => {
  const family = families.get(name)
  if (family === undefined) throw new Error(`There is no ${name}`)
  return family
}

const sampleOf = (
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number | null => {
  const family = [...families.values()].find(({ samples }) => samples.some((sample) => sample.name === name))
  const wanted = JSON.stringify(Object.entries(labels).sort())
  return (
    family?.samples.find((each) => each.name === name && JSON.stringify(Object.entries(each.labels).sort()) === wanted)
      ?.value ?? null
  )
}

/** Sessions whose events a test makes by hand. */
function fakeSessions(): CountedSessions & { emit(event: object): void } {
  let listener: (event: SessionEvent) => void = () => undefined
  const nothing = () => undefined
  return Object.assign({ open: nothing, attach: nothing, get: nothing } as object, {
    on: (_: '*', given: (event: SessionEvent) => void) => {
      listener = given
      return () => {
        listener = nothing
      }
    },
    health: async () => ({ ok: true, store: 'fake', latencyMs: 1 }),
    emit: (event: object) => listener(event as SessionEvent),
  })
}

describe('the page for Prometheus', () => {
  it('counts what happened, and passes a strict parser', async () => {
    const world = createWorld()
    const metrics = sessionMetrics(world.sessions)
    const client = world.client()
    await client.send((session) => {
      session.data.cart = 1
    })
    await client.send((session) => session.login('ada'))
    await client.send((session) => session.rotate())
    await client.send((session) => session.logout())
    await client.send(() => undefined, { cookie: '__Host-session=made-up' })
    const families = parseExposition(await metrics.text())
    expect(sampleOf(families, 'sojourn_session_created_total', { kind: 'anonymous' })).toBe(1)
    expect(sampleOf(families, 'sojourn_session_created_total', { kind: 'login' })).toBe(1)
    expect(sampleOf(families, 'sojourn_session_ended_total', { reason: 'login' })).toBe(1)
    expect(sampleOf(families, 'sojourn_session_ended_total', { reason: 'logout' })).toBe(1)
    expect(sampleOf(families, 'sojourn_session_rotated_total')).toBe(1)
    expect(sampleOf(families, 'sojourn_session_renewed_total'), 'begins at 0').toBe(0)
    expect(sampleOf(families, 'sojourn_token_refused_total', { reason: 'malformed' })).toBe(1)
    expect(sampleOf(families, 'sojourn_store_up')).toBe(1)
    expect(sampleOf(families, 'sojourn_store_latency_seconds')).toBeGreaterThanOrEqual(0)
    expect(familyOf(families, 'sojourn_session_ended_total')).toMatchObject({ type: 'counter' })
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('says that the store is down', async () => {
    const down = (): never => {
      throw new SessionError('ERR_STORE')
    }
    const world = createWorld({ store: { ...memoryStore(), read: down } })
    const metrics = sessionMetrics(world.sessions)
    expect(sampleOf(parseExposition(await metrics.text()), 'sojourn_store_up')).toBe(0)
  })

  it('stops counting', async () => {
    const world = createWorld()
    const metrics = sessionMetrics(world.sessions)
    metrics.stop()
    await world.client().send((session) => session.login('ada'))
    expect(await metrics.text()).not.toContain('kind="login"')
  })

  it('contains no id, user, address or path', async () => {
    const world = createWorld()
    const metrics = sessionMetrics(world.sessions)
    const id = await world.client().send(
      async (session) => {
        await session.login('ada@example.com')
        return session.id
      },
      { url: '/secret-path', peer: '203.0.113.77', headers: { 'user-agent': 'secret-agent' } },
    )
    await world.sessions.revokeAll('ada@example.com')
    const text = await metrics.text()
    for (const secret of ['ada', id.value, '203.0.113', 'secret']) expect(text).not.toContain(secret)
  })
})

describe('labels that somebody chooses', () => {
  it('a reason with quotes, line breaks and backslashes adds no line and no label', async () => {
    const sessions = fakeSessions()
    const metrics = sessionMetrics(sessions)
    sessions.emit({ type: 'ended', reason: 'a"} 1\nevil_total{x="\\' })
    const text = await metrics.text()
    const families = parseExposition(text)
    expect(families.has('evil_total')).toBe(false)
    expect(sampleOf(families, 'sojourn_session_ended_total', { reason: 'a_1_evil_total_x_' })).toBe(1)
  })

  it('a reason that is no text is counted too', async () => {
    const sessions = fakeSessions()
    const metrics = sessionMetrics(sessions)
    for (const reason of [undefined, 7, ['a"\n} 1']]) sessions.emit({ type: 'denied', guard: 'own', reason })
    const families = parseExposition(await metrics.text())
    expect(
      familyOf(families, 'sojourn_request_denied_total')
        .samples.map(({ labels }) => labels.reason)
        .sort(),
    ).toEqual(['7', 'a_1', 'undefined'])
  })

  it('thousands of different reasons become thirty and "other"', async () => {
    const sessions = fakeSessions()
    const metrics = sessionMetrics(sessions)
    for (let i = 0; i < 5000; i++) sessions.emit({ type: 'ended', reason: `ticket-${i}` })
    sessions.emit({ type: 'ended', reason: 'x'.repeat(100) })
    sessions.emit({ type: 'ended', reason: '' })
    const { samples } = familyOf(parseExposition(await metrics.text()), 'sojourn_session_ended_total')
    expect(samples).toHaveLength(31)
    expect(samples.find(({ labels }) => labels.reason === 'other')?.value).toBe(4972)
  })

  it('an event of a later version is counted by its type', async () => {
    const sessions = fakeSessions()
    const metrics = sessionMetrics(sessions)
    sessions.emit({ type: 'teleported' })
    sessions.emit({ type: 'constructor' })
    const families = parseExposition(await metrics.text())
    expect(sampleOf(families, 'sojourn_event_total', { type: 'teleported' })).toBe(1)
    expect(sampleOf(families, 'sojourn_event_total', { type: 'constructor' })).toBe(1)
  })
})

describe('measuredStore', () => {
  it('reports how long calls took, with the code of an error', async () => {
    const store = measuredStore(memoryStore())
    const world = createWorld({ store })
    const metrics = sessionMetrics(world.sessions, { stores: [store] })
    const client = world.client()
    await client.send((session) => session.login('ada'))
    await client.send(() => undefined)
    const families = parseExposition(await metrics.text())
    const name = 'sojourn_store_operation_duration_seconds'
    expect(familyOf(families, name).type).toBe('histogram')
    expect(sampleOf(families, `${name}_count`, { store: 'memory', operation: 'create' })).toBe(1)
    expect(sampleOf(families, `${name}_bucket`, { store: 'memory', operation: 'create', le: '+Inf' })).toBe(1)
    expect(sampleOf(families, `${name}_sum`, { store: 'memory', operation: 'create' })).toBeGreaterThan(0)
  })

  it('is the same store otherwise: synchronous, with the same members, and with the same errors', async () => {
    const inner = memoryStore()
    const failing = {
      ...inner,
      read: () => {
        throw new SessionError('ERR_STORE_TIMEOUT')
      },
      end: () => Promise.reject(new Error('driver')),
    }
    const store = measuredStore(failing)
    expect(Object.keys(store).sort()).toEqual([...Object.keys(failing), 'durations'].sort())
    expect(store.list('ada')).toEqual([])
    expect(() => store.read('x' as never)).toThrow(expect.objectContaining({ code: 'ERR_STORE_TIMEOUT' }))
    expect(await rejection(async () => store.end('x' as never, {} as never))).toMatchObject({ message: 'driver' })
    const text = await sessionMetrics(createWorld().sessions, { stores: [store] }).text()
    expect(text).toContain('operation="read",error_type="ERR_STORE_TIMEOUT"')
    expect(text).toContain('operation="end",error_type="_OTHER"')
  })

  it('keeps the members of a store that is an instance of a class', async () => {
    class OwnStore {
      readonly name = 'own'
      readonly #inner = memoryStore()
      read = (id: never) => this.#inner.read(id)
      create(record: never) {
        return this.#inner.create(record)
      }
      write(id: never, change: never) {
        return this.#inner.write(id, change)
      }
      end(id: never, tombstone: never) {
        return this.#inner.end(id, tombstone)
      }
      list(userId: string) {
        return this.#inner.list(userId)
      }
      close() {
        return this.#inner.close()
      }
    }
    const world = createWorld({ store: measuredStore(new OwnStore() as never) })
    await world.client().send((session) => session.login('ada'))
    expect(await world.sessions.list('ada')).toHaveLength(1)
    await world.sessions.open(toView())
  })

  it('around and inside a near cache: series of one name are added up, and with a name they are apart', async () => {
    const name = 'sojourn_store_operation_duration_seconds'
    const page = async (options: MeasuredStoreOptions) => {
      const inner = measuredStore(memoryStore())
      const outer = measuredStore(nearCache(inner, { bus: memoryBus() }), options)
      const world = createWorld({ store: outer })
      await world.client().send((session) => session.login('ada'))
      return parseExposition(await sessionMetrics(world.sessions, { stores: [inner, outer, outer] }).text())
    }
    const created = { store: 'memory', operation: 'create' }
    const added = await page({})
    expect(sampleOf(added, `${name}_count`, created)).toBe(2)
    expect(sampleOf(added, `${name}_bucket`, { ...created, le: '+Inf' })).toBe(2)
    const apart = await page({ name: 'near "cache"\n' })
    expect(sampleOf(apart, `${name}_count`, created)).toBe(1)
    expect(sampleOf(apart, `${name}_count`, { ...created, store: 'near "cache"\n' })).toBe(1)
  })

  it('sessionMetrics refuses a store that is not measured', () => {
    const { sessions } = createWorld()
    expect(() => sessionMetrics(sessions, { stores: [memoryStore() as never] })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })
})

it('a server answers with the page', async () => {
  const metrics = sessionMetrics(createWorld().sessions)
  const server = createServer(async (_, response) => {
    response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const response = await fetch(`http://127.0.0.1:${port}/`)
  parseExposition(await response.text())
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
