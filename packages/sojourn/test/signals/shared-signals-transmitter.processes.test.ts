import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createSessions, type Store } from 'sojourn'
import { outboxStore, type SigningKey, sharedSignalsTransmitter } from 'sojourn/signals/shared-signals'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createClient } from '../core/kit.ts'
import { isLeftOut } from '../stores/redis-stores.ts'
import { buildChild, removeBuilt, startChild } from '../support/child.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { TransmitJob } from './children/transmit.ts'
import { createKey, listen } from './signals-kit.ts'

const TOKEN = 'a-token-of-the-shop-for-this-server'
const ISSUER = 'https://idp.example'
const EACH = 40
const key = createKey('k1').privateKey.export({ format: 'jwk' }) as SigningKey
const soon = (look: () => unknown) => vi.waitFor(look, { timeout: 90_000, interval: 20 })

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
  await removeBuilt()
})

const KINDS: readonly (readonly [TransmitJob['kind'], () => Promise<{ url: string; open(): Store }>])[] = [
  [
    'postgres',
    async () => {
      const server = await startPostgres()
      cleanups.push(() => server.stop())
      return { url: server.url, open: () => postgresStore({ url: server.url }) }
    },
  ],
  ...(isLeftOut
    ? []
    : ([
        [
          'redis',
          async () => {
            const server = await startRedis()
            cleanups.push(() => server.stop())
            return { url: server.url, open: () => redisStore({ url: server.url }) }
          },
        ],
      ] as const)),
]

/** Two users with many sessions, and a receiver to which events about them are pushed. */
async function setup(kind: TransmitJob['kind'], { url, open }: { url: string; open(): Store }) {
  const received: string[] = []
  let most = 0
  let now = 0
  const shop = await listen(async (request, response) => {
    most = Math.max(most, ++now)
    const [, claims = ''] = (await text(request)).split('.')
    received.push(JSON.parse(Buffer.from(claims, 'base64url').toString()).sub_id.session.id)
    await new Promise((resolve) => setTimeout(resolve, 10))
    now -= 1
    response.writeHead(202).end()
  })
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-transmit-'))
  const keyFile = join(folder, 'key.json')
  writeFileSync(keyFile, JSON.stringify(key))

  const sessions = createSessions({ store: outboxStore(open()), warn: () => {} })
  await sessions.setup()
  const receivers = [{ id: 'shop', audience: shop.url, token: TOKEN, pushOrigins: [shop.url] }]
  const options = { issuer: ISSUER, keys: [key], receivers, insecureHttp: true, interval: '1h' } as const
  const transmitter = sharedSignalsTransmitter(sessions, options)
  const ask = (method: string, body: object) =>
    transmitter.handler(
      new Request(`${ISSUER}/ssf/streams`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(body),
      }),
    )
  const delivery = { method: 'urn:ietf:rfc:8935', endpoint_url: `${shop.url}/signals` }
  expect((await ask('POST', { delivery })).status).toBe(201)
  await transmitter.close()
  const ids: string[] = []
  for (let index = 0; index < EACH; index++) {
    for (const userId of ['ada', 'bob']) {
      const { value } = await createClient(sessions).send(async (session) => {
        await session.login(userId)
        return session.id ?? ''
      })
      ids.push(value)
    }
  }

  const file = await buildChild(new URL('./children/transmit.ts', import.meta.url))
  const start = (userId: string | null, aheadMs = 0) => {
    const job: TransmitJob = { kind, url, keyFile, issuer: ISSUER, shop: shop.url, token: TOKEN, userId, aheadMs }
    return startChild(file, [JSON.stringify(job)])
  }
  return {
    received,
    ids,
    start,
    most: () => most,
    live: async () => [...(await sessions.list('ada')), ...(await sessions.list('bob'))].map(({ id }) => String(id)),
    async close() {
      await shop.close()
      await sessions.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

describe.each(KINDS)('two processes over %s', (kind, serve) => {
  it('send each event once, also those that the one leaves when it is stopped', async () => {
    const { received, ids, start, most, close } = await setup(kind, await serve())
    const [first, second] = [start('ada'), start('bob')]
    await Promise.all([first.said('revoked'), second.said('revoked')])
    first.process.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    await soon(() => expect(new Set(received).size).toBe(2 * EACH))
    second.process.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    expect([new Set(received).size, received.length]).toEqual([ids.length, ids.length])
    expect(most()).toBeLessThanOrEqual(8)
    await close()
  }, 180_000)

  it('lose no event when the one is killed in the middle, and send few twice', async () => {
    const { received, ids, start, live, close } = await setup(kind, await serve())
    const first = start('ada')
    await soon(() => expect(received.length).toBeGreaterThan(5))
    first.process.kill('SIGKILL')
    await first.ended
    const second = start('bob', 60_000)
    await second.said('revoked')
    const left = await live()
    const ended = ids.filter((id) => !left.includes(id))
    await soon(() => expect(new Set(received)).toEqual(new Set(ended)))
    second.process.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    expect(received.length - ended.length).toBeLessThanOrEqual(4)
    await close()
  }, 180_000)
})
