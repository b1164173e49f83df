/** The databases of newer runtimes fit, by their own types. */

import { Database as BunDatabase } from 'bun:sqlite'
import { DatabaseSync } from 'node:sqlite'
import BetterSqlite from 'better-sqlite3'
import { sqliteStore } from 'sojourn/stores/sqlite'

sqliteStore({ client: new DatabaseSync('sessions.db') })
sqliteStore({ client: new BetterSqlite('sessions.db') })
sqliteStore({ client: new BunDatabase('sessions.db') })
