import { memoryStore } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { natsBus } from 'sojourn/buses/nats'
import { postgresBus } from 'sojourn/buses/postgres'
import { redisBus } from 'sojourn/buses/redis'
import { redisTrackingBus } from 'sojourn/buses/redis-tracking'
import { durableObjectStore, kvStore } from 'sojourn/stores/cloudflare'
import { connectStore } from 'sojourn/stores/connect'
import { dynamodbStore } from 'sojourn/stores/dynamodb'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { migrate, movingStore } from 'sojourn/stores/migrate'
import { mysqlStore } from 'sojourn/stores/mysql'
import { nearCache } from 'sojourn/stores/near-cache'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { resilientStore } from 'sojourn/stores/resilient'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { writeBehind } from 'sojourn/stores/write-behind'
import { describe, expect, it } from 'vitest'
import { rejection } from '../core/kit.ts'

const store = memoryStore()
const binding = { get() {}, idFromName() {} }
const express = { get() {}, set() {}, destroy() {} }

describe('an option that a store does not have is refused: it would leave the default in place', () => {
  it.each<[string, (extra: object) => unknown]>([
    ['redisStore', (extra) => redisStore({ url: 'redis://127.0.0.1:1', ...extra } as never)],
    ['postgresStore', (extra) => postgresStore({ url: 'postgres://127.0.0.1:1/x', ...extra } as never)],
    ['mysqlStore', (extra) => mysqlStore({ url: 'mysql://127.0.0.1:1/x', ...extra } as never)],
    ['sqliteStore', (extra) => sqliteStore({ path: 'x.db', ...extra } as never)],
    ['lmdbStore', (extra) => lmdbStore({ path: 'x', ...extra } as never)],
    ['dynamodbStore', (extra) => dynamodbStore({ table: 'sessions', ...extra } as never)],
    ['kvStore', (extra) => kvStore({ namespace: binding, ...extra } as never)],
    ['durableObjectStore', (extra) => durableObjectStore({ namespace: binding, ...extra } as never)],
    ['connectStore', (extra) => connectStore({ store: express, ...extra } as never)],
    ['nearCache', (extra) => nearCache(store, { bus: memoryBus(), ...extra } as never)],
    ['resilientStore', (extra) => resilientStore(store, extra)],
    ['writeBehind', (extra) => writeBehind(store, extra)],
    ['movingStore', (extra) => movingStore({ from: store, to: store, ...extra } as never)],
    ['migrate', (extra) => migrate(store, store, extra)],
    ['redisTrackingBus', (extra) => redisTrackingBus({ url: 'redis://127.0.0.1:1', ...extra } as never)],
    ['redisBus', (extra) => redisBus({ url: 'redis://127.0.0.1:1', ...extra } as never)],
    ['postgresBus', (extra) => postgresBus({ url: 'postgres://127.0.0.1:1/x', ...extra } as never)],
    ['natsBus', (extra) => natsBus({ connection: {}, ...extra } as never)],
  ])('%s', async (name, create) => {
    const error = await rejection(() => create({ ttl: 3600 }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(`${name} has no option "ttl". It has: `)
  })
})
