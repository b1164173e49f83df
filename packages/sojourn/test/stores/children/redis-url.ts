import { redisStore } from '../../../src/stores/redis.ts'
import { anId, aRecord } from '../records.ts'

/** Works on a URL with whatever driver is installed where this file is, and says how it went. */
const store = redisStore({ url: process.argv[2] ?? '' })
try {
  await store.setup?.()
  const userId = anId()
  await store.create(aRecord({ userId }))
  console.log((await store.list(userId)).length === 1 ? 'works' : 'lost')
} catch (error) {
  console.log(Object(error).code, Object(error).message)
}
await store.close()
