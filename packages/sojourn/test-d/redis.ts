/** Real clients fit as they are; what is none, or is not said, does not compile. */
import { Cluster, Redis } from 'ioredis'
import { Redis as Valkey, Cluster as ValkeyCluster } from 'iovalkey'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import type { Store } from 'sojourn'
import { redisStore } from 'sojourn/stores/redis'
import { expectTypeOf } from 'vitest'

expectTypeOf(redisStore({ url: 'redis://localhost' })).toExtend<Store>()
redisStore({ url: 'rediss://localhost', prefix: 'shop:' })

redisStore({ client: createClient() })
redisStore({ client: createClient({ RESP: 3 }) })
redisStore({ client: await createClient().connect() })
redisStore({ client: createClientPool() })
redisStore({ client: createCluster({ rootNodes: [] }) })
redisStore({ client: createSentinel({ name: 'main', sentinelRootNodes: [] }) })
redisStore({ client: new Redis({ lazyConnect: true }) })
redisStore({ client: new Cluster([], { lazyConnect: true }) })
redisStore({ client: new Valkey({ lazyConnect: true }) })
redisStore({ client: new ValkeyCluster([], { lazyConnect: true }) })

// @ts-expect-error: no client
redisStore({ client: new Map() })
// @ts-expect-error: one of these sends no commands
redisStore({ client: { get: () => null } })
// @ts-expect-error: no such option
redisStore({ url: 'redis://localhost', ttl: 60 })
