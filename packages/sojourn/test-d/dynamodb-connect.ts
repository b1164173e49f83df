import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { RedisStore } from 'connect-redis'
import session, { type Store } from 'express-session'
import type { Store as SojournStore } from 'sojourn'
import { connectStore } from 'sojourn/stores/connect'
import { dynamodbStore } from 'sojourn/stores/dynamodb'
import { migrate, movingStore, progressPrinter } from 'sojourn/stores/migrate'
import { storeFrom } from 'sojourn/stores/url'
import { expectTypeOf } from 'vitest'

// The clients that people have fit as they are.
expectTypeOf(dynamodbStore({ client: new DynamoDBClient({}), table: 'sessions' })).toExtend<SojournStore>()
dynamodbStore({ table: 'sessions', region: 'eu-central-1' })
// @ts-expect-error: no client
dynamodbStore({ table: 'sessions', client: {} })

declare const redisStore: RedisStore
declare const anyStore: Store
connectStore({ store: redisStore })
connectStore({ store: anyStore })
connectStore({ store: new session.MemoryStore() })
// @ts-expect-error: a Map is no such store
connectStore({ store: new Map() })

declare const store: SojournStore
expectTypeOf(movingStore({ from: store, to: store })).toExtend<SojournStore>()
migrate(store, store, { signal: new AbortController().signal, onProgress: progressPrinter(process.stderr) })
expectTypeOf(storeFrom('memory:')).resolves.toExtend<SojournStore>()
