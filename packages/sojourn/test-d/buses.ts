import { connect } from '@nats-io/transport-node'
import { Redis as Ioredis, Cluster as IoredisCluster } from 'ioredis'
import { Redis as Iovalkey, Cluster as IovalkeyCluster } from 'iovalkey'
import pg from 'pg'
import { createClient, createCluster } from 'redis'
import { createSessions, memoryStore, type StoreEvent } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { natsBus } from 'sojourn/buses/nats'
import { postgresBus } from 'sojourn/buses/postgres'
import { redisBus } from 'sojourn/buses/redis'
import { redisTrackingBus } from 'sojourn/buses/redis-tracking'
import { nearCache } from 'sojourn/stores/near-cache'
import { expectTypeOf } from 'vitest'

// The clients that applications have.
redisBus({ client: createClient() })
redisBus({ client: createClient({ RESP: 3 }) })
redisBus({ client: createCluster({ rootNodes: [] }) })
redisBus({ client: new Ioredis() })
redisBus({ client: new IoredisCluster([]) })
redisBus({ client: new Iovalkey() })
redisBus({ client: new IovalkeyCluster([]) })
redisTrackingBus({ client: createClient() })
redisTrackingBus({ client: createClient({ RESP: 3 }) })
postgresBus({ client: new pg.Pool() })
natsBus({ connection: await connect() })

// @ts-expect-error A client alone has no second connection.
postgresBus({ client: new pg.Client() })
// @ts-expect-error Tracking needs node-redis.
redisTrackingBus({ client: new Ioredis() })
// @ts-expect-error Without a bus other processes would go on with what ended.
nearCache(memoryStore(), {})

const store = nearCache(memoryStore(), { bus: memoryBus() })
expectTypeOf(store.stats().hits).toEqualTypeOf<number>()
createSessions({ store }).on('store', (event) => expectTypeOf(event.kind).toEqualTypeOf<StoreEvent['kind']>())
