import { afterAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import { type CallingClient, redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../support/servers/redis.ts'
import { anId, aRecord, aTombstone, DAY, MINUTE } from './records.ts'
import { oneServer } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

/** The keys that the server keeps longer than requested. */
const MARGIN = MINUTE

describe.skipIf(isLeftOut)('Redis', async () => {
  if (isLeftOut) return
  const server = await startRedis()
  const connected = await oneServer.ioredis([server.port])
  const client = connected.client as CallingClient
  const store = redisStore({ client })
  afterAll(async () => {
    await store.close()
    await connected.close()
    await server.stop()
  })

  const ask = (...command: string[]): Promise<unknown> => server.ask(...command)
  const keyOf = ({ id }: SessionRecord): string => `sojourn:${id}`

  async function left(key: string): Promise<number> {
    return Number(await ask('pttl', key))
  }

  async function indexKeyOf(record: SessionRecord): Promise<string> {
    const keys = (await ask('keys', 'sojourn:@*')) as string[]
    for (const key of keys) if ((await ask('zscore', key, record.id)) !== null) return key
    return ''
  }

  async function begin(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = aRecord({ userId: `user ${anId()}`, ...fields })
    expect(await store.create(record)).toBe(true)
    return record
  }

  /** A client that counts its calls, or follows a script. */
  function through(send: (command: string, args: string[]) => Promise<unknown>): CallingClient {
    return {
      call: (command, ...args) => send(command, args),
      on: (event, listener) => client.on(event, listener),
      removeListener: (event, listener) => client.removeListener(event, listener),
    }
  }

  describe('1 Ended is ended: an index that other software replaced', () => {
    test.each(['hset', 'set'])(
      'by %s still leads to every session of the user, and to those that begin later',
      async (verb) => {
        const record = await begin()
        const { userId } = record
        const other = await begin({ userId })
        await begin()
        const key = await indexKeyOf(record)
        await ask('del', key)
        await ask(verb, key, 'a', ...(verb === 'hset' ? ['b'] : []))
        const idsOf = async (): Promise<string[]> => (await store.list(userId ?? '')).map(({ id }) => id).sort()
        expect(await idsOf()).toEqual([record.id, other.id].sort())
        await ask('del', key)
        await ask('set', key, 'a')
        const later = await begin({ userId })
        expect(await idsOf()).toEqual([record.id, other.id, later.id].sort())
        expect(await left(key)).toBeGreaterThan(0)
      },
    )
  })

  describe('expiry', () => {
    test('a record is deleted by the times inside it, whatever the clock says', async () => {
      const record = await begin()
      expect(await left(keyOf(record))).toBeGreaterThan(30 * MINUTE + MARGIN - 20_000)
      expect(await left(keyOf(record))).toBeLessThanOrEqual(30 * MINUTE + MARGIN)
      const shorter = { at: record.lastSeenAt + 1000, expiresAt: record.lastSeenAt + 1000 + 5 * MINUTE }
      await store.write(record.id, { version: 0, seen: shorter })
      expect(await left(keyOf(record))).toBeLessThanOrEqual(5 * MINUTE + MARGIN)
    })

    test('changes of data and heads keep the time', async () => {
      const record = await begin()
      await ask('pexpire', keyOf(record), '50000')
      await store.write(record.id, { set: { a: '1' } })
      await store.write(record.id, { version: 0, nextVersion: 3, head: record.head })
      const ms = await left(keyOf(record))
      expect(ms).toBeGreaterThan(0)
      expect(ms).toBeLessThanOrEqual(50_000)
    })

    test('a tombstone is deleted when it is no longer needed', async () => {
      const record = await begin()
      await store.end(record.id, aTombstone(record, { expiresAt: record.expiresAt - 10 * MINUTE }))
      const ms = await left(keyOf(record))
      expect(ms).toBeGreaterThan(20 * MINUTE)
      expect(ms).toBeLessThanOrEqual(20 * MINUTE + MARGIN)
    })

    test('nothing is kept for ever', async () => {
      await begin({ expiresAt: aRecord().createdAt + 400 * DAY })
      for (const key of (await ask('keys', '*')) as string[]) expect(await left(key)).toBeGreaterThan(0)
    })
  })

  describe('the index of a user', () => {
    test('outlives every session in it, through touches and longer limits, and most touches cost one command', async () => {
      const record = await begin()
      let commands = 0
      const counting = redisStore({
        client: through((command, args) => {
          commands++
          return client.call(command, ...args)
        }),
      })
      let at = record.lastSeenAt
      for (let touches = 0; touches < 100; touches++) {
        at += MINUTE
        await counting.write(record.id, { version: 0, seen: { at, expiresAt: at + 30 * MINUTE } })
        expect(await left(await indexKeyOf(record))).toBeGreaterThanOrEqual(await left(keyOf(record)))
      }
      expect(commands).toBeLessThanOrEqual(110)
      const seen = { at: at + 1, expiresAt: at + 400 * DAY }
      await counting.write(record.id, { version: 0, seen })
      expect(await left(await indexKeyOf(record))).toBeGreaterThanOrEqual(400 * DAY)
      expect(await counting.list(record.userId ?? '')).toHaveLength(1)
    })

    test('is never shortened by a session that is shorter', async () => {
      const long = await begin({ expiresAt: aRecord().createdAt + 30 * DAY })
      await begin({ userId: long.userId })
      expect(await left(await indexKeyOf(long))).toBeGreaterThan(30 * DAY)
    })

    test('a touch that cannot enter the index moves no expiry: no session outlives its entry', async () => {
      const record = await begin()
      const broken = redisStore({
        client: through(async (command, args) => {
          if (args.some((arg) => arg.startsWith('sojourn:@'))) throw new Error('the node of the index is down')
          return client.call(command, ...args)
        }),
      })
      const seen = { at: record.lastSeenAt + 29 * MINUTE, expiresAt: record.expiresAt + 60 * MINUTE }
      await expect(broken.write(record.id, { version: 0, seen })).rejects.toMatchObject({ code: 'ERR_STORE' })
      expect(await store.read(record.id)).toEqual(record)
    })

    test('forgets what ended at once, and what expired when the user begins another session', async () => {
      const first = await begin()
      const second = await begin({ userId: first.userId })
      const key = await indexKeyOf(first)
      await store.end(first.id, aTombstone(first))
      await expect.poll(() => ask('zrange', key, '0', '-1')).toEqual([second.id])
      await ask('zadd', key, '1000', 'expired-long-ago')
      await begin({ userId: first.userId })
      expect(await ask('zscore', key, 'expired-long-ago')).toBeNull()
    })

    test('a list drops entries of sessions that ended, whoever left them there', async () => {
      const record = await begin()
      const key = await indexKeyOf(record)
      await store.end(record.id, aTombstone(record))
      await expect.poll(() => ask('exists', key)).toBe(0)
      await ask('zadd', key, '99999999999', record.id)
      expect(await store.list(record.userId ?? '')).toEqual([])
      await expect.poll(() => ask('exists', key)).toBe(0)
    })

    test('a list between the two halves of a login does not hide the session from later lists', async () => {
      const record = aRecord({ userId: `user ${anId()}` })
      let letGo = (): void => undefined
      const held = new Promise<void>((resolve) => {
        letGo = resolve
      })
      const slow = redisStore({
        client: through(async (command, args) => {
          if (command === 'set') await held
          return client.call(command, ...args)
        }),
      })
      const creating = slow.create(record)
      await expect.poll(() => indexKeyOf(record)).not.toBe('')
      expect(await store.list(record.userId ?? '')).toEqual([])
      letGo()
      expect(await creating).toBe(true)
      expect(await store.list(record.userId ?? '')).toEqual([record])
    })

    test('a session that could not be entered is not acknowledged, and does not stay', async () => {
      const record = aRecord({ userId: `user ${anId()}` })
      const broken = redisStore({
        client: through(async (command, args) => {
          if (args.some((arg) => arg.startsWith('sojourn:@'))) throw new Error('the node of the index is down')
          return client.call(command, ...args)
        }),
      })
      await expect(broken.create(record)).rejects.toMatchObject({ code: 'ERR_STORE' })
      await expect.poll(() => store.read(record.id)).toBeNull()
    })

    test('a planted entry shows nobody another user’s session', async () => {
      const [mine, theirs] = [await begin(), await begin()]
      await ask('zadd', await indexKeyOf(mine), '99999999999', theirs.id, '99999999999', 'no such session')
      expect(await store.list(mine.userId ?? '')).toEqual([mine])
      expect(await store.list(theirs.userId ?? '')).toEqual([theirs])
    })

    test('10 000 sessions of one user are listed, and other requests get their turn meanwhile', async () => {
      const userId = `user ${anId()}`
      for (let i = 0; i < 10_000; i += 1000) {
        await Promise.all(Array.from({ length: 1000 }, () => store.create(aRecord({ userId }))))
      }
      let isListed = false
      const listing = Promise.resolve(store.list(userId)).then((records) => {
        isListed = true
        return records
      })
      let reads = 0
      while (!isListed) {
        await store.read(anId())
        reads++
      }
      expect(reads).toBeGreaterThan(10)
      expect(new Set((await listing).map(({ id }) => id)).size).toBe(10_000)
    }, 60_000)
  })
})
