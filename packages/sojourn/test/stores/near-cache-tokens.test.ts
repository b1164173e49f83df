import { createSessions, memoryStore, type Sessions } from 'sojourn'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Bus } from '../../src/stores/around/near-cache/bus.ts'
import { nearCache } from '../../src/stores/around/near-cache.ts'
import { type Client, createClient, createClock, MINUTE, type TestData } from '../core/kit.ts'

/** Proves that it works, and has not delivered anything yet. */
const slowBus = (): Bus => ({ name: 'slow', publish() {}, probe() {}, subscribe: () => () => undefined })

/** A token is newer than what the other server remembers, for as long as the news is on its way. */
describe('a client that comes to another server with the token it was just given', () => {
  const clock = createClock()
  let one: Sessions<TestData>
  let two: Sessions<TestData>
  let client: Client<TestData>
  let alarms: number

  /** The next request, on the other server. */
  async function onTwo(): Promise<{ userId: string | null; refused: string | null }> {
    const { session } = await two.open({
      method: 'GET',
      url: '/',
      secure: true,
      peer: null,
      header: (name) => (name === 'cookie' ? client.cookie() : null),
    })
    return { userId: session.userId, refused: session.refused }
  }

  beforeEach(async () => {
    const store = memoryStore()
    const options = { clock, timeouts: { renew: '10m', idle: '30m' }, warn: () => undefined } as const
    const server = (): Sessions<TestData> =>
      createSessions<TestData>({ ...options, store: nearCache(store, { bus: slowBus() }) })
    one = server()
    two = server()
    alarms = 0
    for (const sessions of [one, two]) sessions.on('reuse', () => alarms++)
    client = createClient(one)
    await client.send((session) => session.login('ada'))
  })

  test('after a rotation is let in, and no alarm ends its session', async () => {
    expect(await onTwo()).toEqual({ userId: 'ada', refused: null })
    await client.send((session) => session.rotate())
    expect(await onTwo()).toEqual({ userId: 'ada', refused: null })
    expect(alarms).toBe(0)
  })

  test('after a renewal is let in, and no alarm ends its session', async () => {
    clock.advance(11 * MINUTE)
    expect(await onTwo()).toEqual({ userId: 'ada', refused: null })
    await client.send(() => undefined)
    expect(await onTwo()).toEqual({ userId: 'ada', refused: null })
    expect(alarms).toBe(0)
  })

  test('a stolen old token is still found out', async () => {
    const old = client.cookie()
    await client.send((session) => session.rotate())
    clock.advance(2 * MINUTE)
    client.jar.clear()
    client.jar.set('stolen', old)
    expect((await onTwo()).refused).toBe('reused')
    expect(alarms).toBe(1)
  })
})
