import { redisStore } from 'sojourn/stores/redis'
import { env } from './env.ts'

// The prefix separates these sessions from those of other applications on the same server.
export const store = redisStore({ url: env.REDIS_URL ?? 'redis://localhost:6379', prefix: 'my-app:' })
