import { redisBus } from '../../../src/buses/redis.ts'
import { redisTrackingBus } from '../../../src/buses/redis-tracking.ts'
import type { SessionId } from '../../../src/core/contracts/record.ts'
import { nearCache } from '../../../src/stores/around/near-cache.ts'
import { redisStore } from '../../../src/stores/redis.ts'

/**
 * One node: reads these sessions all the time, as its requests would, and says when it saw each end. `near-cache-node <url>
 * <redis|tracking> <id> ...`
 */
const [url = '', kind, ...ids] = process.argv.slice(2)
const bus = kind === 'tracking' ? redisTrackingBus({ url }) : redisBus({ url })
const cache = nearCache(redisStore({ url }), { bus })
const live = new Set(ids as SessionId[])

let isReady = false
while (live.size > 0) {
  for (const id of [...live]) {
    const kept = await cache.read(id)
    if (kept?.kind !== 'ended') continue
    live.delete(id)
    console.log(`ended ${id} ${performance.timeOrigin + performance.now()}`)
  }
  if (!isReady && cache.stats().hits > 0) console.log('ready')
  isReady ||= cache.stats().hits > 0
  await new Promise((resolve) => setTimeout(resolve, 1))
}
await cache.close()
console.log('done')
