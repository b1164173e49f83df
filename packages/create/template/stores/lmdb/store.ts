import { lmdbStore } from 'sojourn/stores/lmdb'
import { env } from './env.ts'

export const store = lmdbStore({ path: env.SESSIONS_FOLDER ?? 'data/sessions' })
