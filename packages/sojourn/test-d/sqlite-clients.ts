/** What applications have at hand fits `client` as it is. */
import { createClient } from '@libsql/client'
import Database from 'libsql'
import { sqliteStore } from 'sojourn/stores/sqlite'

sqliteStore({ path: 'sessions.db' })
sqliteStore({ client: new Database('sessions.db'), table: 'sessions' })
sqliteStore({ client: createClient({ url: 'file:sessions.db' }) })
// @ts-expect-error: not a database
sqliteStore({ client: new Map() })
// @ts-expect-error: a file has a name
sqliteStore({ path: 7 })
