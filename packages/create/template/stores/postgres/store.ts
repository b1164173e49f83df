import { postgresStore } from 'sojourn/stores/postgres'
import { env } from './env.ts'

export const store = postgresStore({
  url: env.DATABASE_URL ?? 'postgres://localhost:5432/postgres',
  // Separates these sessions from those of other applications in the same database.
  table: 'my_app_sessions',
})
