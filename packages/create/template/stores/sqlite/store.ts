import { sqliteStore } from 'sojourn/stores/sqlite'
import { env } from './env.ts'

export const store = sqliteStore({ path: env.SESSIONS_FILE ?? 'data/sessions.db' })
