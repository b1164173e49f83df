import { errorMonitor } from 'node:events'
import { Redis as Ioredis } from 'ioredis'
import { Redis as Iovalkey } from 'iovalkey'
import { createClient } from 'redis'
import { describe, expect, test } from 'vitest'
import { addressOf, explain } from '../../src/stores/redis/last-error.ts'
import type { Link } from '../../src/stores/redis/link.ts'
import { openIoredis, openNodeRedis } from '../../src/stores/redis/open-url.ts'
import { createRecords, toStoreError } from '../../src/stores/redis/records.ts'
import { watchedLink } from '../../src/stores/redis/watched-link.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../support/servers/redis.ts'
import { aRecord } from './records.ts'
import { oneServer } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

const { id } = aRecord()

/** What a log line shows of the error of a read. */
type Read = () => Promise<unknown>
const logLine = (read: Read) => (): Promise<string> =>
  read().then(
    () => 'works',
    (error: unknown) => JSON.stringify(error),
  )

function readThrough(link: Link): Read {
  const { read } = createRecords(
    watchedLink(
      link,
      () => false,
      () => undefined,
    ),
    'offline:',
  )
  return () =>
    read(id).catch((error: unknown) => {
      throw toStoreError('read', error)
    })
}

const WITH_PASSWORD = (port: number): string => `redis://shop:hunter2@127.0.0.1:${port}`
const ACCOUNT = ['--user', 'shop', 'on', '>hunter2', '~*', '&*', '+@all']

describe.skipIf(isLeftOut)('three in the morning, Redis is gone: a log line says which server, and why', () => {
  const opens: Readonly<Record<string, (url: string) => Promise<Link>>> = {
    'a url through redis': async (url) => openNodeRedis(url, await import('redis')),
    'a url through ioredis': (url) => openIoredis(url, Ioredis),
    'a url through iovalkey': (url) => openIoredis(url, Iovalkey),
  }

  test('through every client, without its password; once it is back, the reason is forgotten', async () => {
    const server = await startRedis(ACCOUNT)
    const reads: [name: string, read: Read, close: () => unknown, link?: Link][] = []
    for (const [name, open] of Object.entries(opens)) {
      const link = await open(WITH_PASSWORD(server.port))
      reads.push([name, readThrough(link), link.close, link])
    }
    for (const [name, connect] of Object.entries(oneServer)) {
      const { client, close } = await connect([server.port])
      const store = redisStore({ client })
      reads.push([name, async () => store.read(id), close])
    }
    for (const [name, read] of reads) expect(await logLine(read)(), name).toBe('works')

    await server.kill()
    const reason = `connect ECONNREFUSED 127.0.0.1:${server.port}`
    for (const [name, read] of reads) {
      await expect.poll(logLine(read), { message: name, timeout: 20_000 }).toContain(reason)
      expect(await logLine(read)(), name).toContain('"code":"ERR_STORE"')
      expect(await logLine(read)(), name).not.toMatch(/hunter2|shop/)
    }

    const again = await startRedis(ACCOUNT, server.port)
    for (const [name, read, , link] of reads) {
      await expect.poll(logLine(read), { message: name, timeout: 20_000 }).toBe('works')
      const error = new Error('The client is offline')
      if (link !== undefined) expect(Object(link.explain(error)).cause, name).toBeUndefined()
    }
    for (const [, , close] of reads) close()
    await again.kill()
  }, 90_000)

  test('a password that is wrong after a restart', async () => {
    const server = await startRedis(ACCOUNT)
    const link = await openNodeRedis(WITH_PASSWORD(server.port), await import('redis'))
    const read = logLine(readThrough(link))
    expect(await read()).toBe('works')
    await server.kill()
    const again = await startRedis(['--user', 'shop', 'on', '>another', '~*', '&*', '+@all'], server.port)
    await expect.poll(read, { timeout: 20_000 }).toContain('WRONGPASS')
    expect(await read()).toContain(`The client is offline (127.0.0.1:${server.port})`)
    expect(await read()).not.toContain('hunter2')
    await link.close()
    await again.kill()
  }, 60_000)
})

test('a client whose errors nobody handles stays as loud as it was, and a closed store listens to nothing', async () => {
  const client = createClient()
  const before = client.eventNames()
  const store = redisStore({ client })
  expect(client.listenerCount('error')).toBe(0)
  expect(client.listenerCount(errorMonitor)).toBe(1)
  await store.close()
  expect(client.eventNames()).toEqual(before)
})

describe('an error of a command', () => {
  const reason = new Error('connect ECONNREFUSED 10.0.0.5:6379')

  test('that is an answer of the server, or has no text of its own, is passed on as it is', () => {
    for (const text of ["READONLY You can't write against a read only replica.", '']) {
      const error = new Error(text)
      expect(explain(error, '10.0.0.5:6379', reason)).toBe(error)
    }
  })

  test('that names the server, or is the reason itself, repeats neither', () => {
    const explained: Error = Object(explain(reason, '10.0.0.5:6379', reason))
    expect([explained.message, explained.cause]).toEqual([reason.message, undefined])
  })

  test('of a client that was given many servers, or a socket, names what the client was given', () => {
    expect(addressOf({ options: { sentinels: [], host: 'localhost', port: 6379 } })).toBe('')
    expect(addressOf({ options: { socket: { path: '/run/redis.sock' } } })).toBe('/run/redis.sock')
    expect(addressOf({ options: { host: 'redis.internal', port: 6380, path: null } })).toBe('redis.internal:6380')
    expect(addressOf({})).toBe('')
  })
})
