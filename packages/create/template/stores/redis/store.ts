import { redisStore } from 'sojourn/stores/redis'
import { env } from './env.ts'

export const store = redisStore({ url: env.REDIS_URL ?? 'redis://localhost:6379' })
