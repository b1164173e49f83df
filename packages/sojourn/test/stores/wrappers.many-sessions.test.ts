import { createSessions, type RequestView } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { nearCache } from 'sojourn/stores/near-cache'
import { redisStore } from 'sojourn/stores/redis'
import { resilientStore } from 'sojourn/stores/resilient'
import { writeBehind } from 'sojourn/stores/write-behind'
import { afterAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/core/contracts/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startRedis } from '../support/servers/redis.ts'
import { anId, aRecord } from './records.ts'

/** Three times what `resilientStore` lets wait at once. */
const COUNT = 3000

function late(store: Store): Store {
  return {
    ...store,
    end: async (id, tombstone) => store.end(id, tombstone),
    list: async (userId) => store.list(userId),
  }
}

const view: RequestView = { method: 'POST', url: '/', secure: true, peer: null, header: () => null }

/** The sessions of one user, perhaps created by a patient attacker. */
async function fill(store: Store, userId: string): Promise<void> {
  const now = Date.now()
  for (let done = 0; done < COUNT; done += 100) {
    const records = Array.from({ length: 100 }, () =>
      aRecord({ userId, createdAt: now, lastSeenAt: now, expiresAt: now + 1_800_000 }),
    )
    await Promise.all(records.map((record) => store.create(record)))
  }
}

async function expectAllEnd(inner: Store, wrap: (store: Store) => Store): Promise<void> {
  const sessions = createSessions({ store: wrap(inner), warn: () => undefined })
  await fill(inner, 'ada')
  expect(await sessions.revokeAll('ada')).toBe(COUNT)
  expect(await inner.list('ada')).toEqual([])
  await fill(inner, 'ada')
  expect(await sessions.erase('ada')).toBe(COUNT)
  expect(await inner.list('ada')).toEqual([])
  await fill(inner, 'ada')
  const { session, commit } = await sessions.open(view)
  await session.login('ada')
  await session.logout({ everywhere: true })
  await commit()
  expect(await inner.list('ada')).toEqual([])
}

const WRAPPERS: readonly (readonly [string, (store: Store) => Store])[] = [
  ['a resilient store', (store) => resilientStore(store)],
  ['the whole stack', (store) => writeBehind(nearCache(resilientStore(store), { bus: memoryBus() }))],
]

describe('thousands of logins of one user do not make "log out everywhere" fail', () => {
  test.each(WRAPPERS)(
    'behind %s around memory',
    async (_, wrap) => {
      await expectAllEnd(late(memoryStore()), wrap)
    },
    60_000,
  )

  describe('around Redis', async () => {
    const server = await startRedis()
    afterAll(() => server.stop())
    test.each(WRAPPERS)(
      'behind %s',
      async (_, wrap) => {
        const inner = redisStore({ url: server.url, prefix: `${anId()}:` })
        await expectAllEnd(inner, wrap)
        await inner.close()
      },
      120_000,
    )
  })
})
