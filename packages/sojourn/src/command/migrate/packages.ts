import type { Change, Place } from './found.ts'

const yes = (change: string): Change => ({ change, sure: true })
const ask = (change: string): Change => ({ change, sure: false })

const store = (ours: string): Change =>
  yes(`${ours} in createSessions. Keep this store until its sessions are adopted, or everybody logs in once more`)
const bridge = ask('another store in createSessions, or this one inside connectStore, within its limits')
const flash = yes('nothing: req.session.flash')
const csrf = yes('nothing: the cross-origin check; formTokens if you need tokens in forms')
const socket = yes('sojourn/live')

/** Packages that stand in the way, or do what Sojourn does. */
const PACKAGES: Readonly<Record<string, Change>> = {
  'express-session': yes('expressSessions of sojourn/express, with createSessions of sojourn'),
  '@types/express-session': yes('nothing: its types declare another req.session'),
  'connect-redis': store('redisStore'),
  'connect-pg-simple': store('postgresStore'),
  'express-mysql-session': store('mysqlStore'),
  'connect-sqlite3': store('sqliteStore'),
  'better-sqlite3-session-store': store('sqliteStore'),
  'connect-dynamodb': store('dynamodbStore'),
  'session-file-store': store('lmdbStore or sqliteStore'),
  memorystore: store('memoryStore'),
  'connect-mongo': bridge,
  'connect-mongodb-session': bridge,
  'connect-memcached': bridge,
  'connect-session-sequelize': store('postgresStore, mysqlStore or sqliteStore'),
  'connect-session-knex': store('postgresStore, mysqlStore or sqliteStore'),
  'connect-typeorm': store('postgresStore, mysqlStore or sqliteStore'),
  '@quixo3/prisma-session-store': store('postgresStore, mysqlStore or sqliteStore'),
  'connect-flash': flash,
  'express-flash': flash,
  '@types/connect-flash': flash,
  csurf: csrf,
  '@types/csurf': csrf,
  'csrf-sync': csrf,
  'csrf-csrf': csrf,
  'tiny-csrf': csrf,
  lusca: ask('nothing for its csrf: the cross-origin check. Its headers can stay'),
  'passport-remember-me': ask('stays, after the middleware that sets req.user, with session: false and then login'),
  'express-socket.io-session': socket,
  'passport.socketio': socket,
  'cookie-session': ask('another session library: see the page "Move from other libraries"'),
}

export function packageChange(module: string | undefined): Change | undefined {
  return module !== undefined && Object.hasOwn(PACKAGES, module) ? PACKAGES[module] : undefined
}

/** The packages in a package.json that have to change. */
export function findPackages(text: string): readonly Place[] {
  return text.split('\n').flatMap((line, index) => {
    const [, before = '', module] = /^(\s*)"([^"]+)"\s*:\s*"/.exec(line) ?? []
    const change = packageChange(module)
    return change === undefined ? [] : { line: index + 1, column: before.length + 1, code: `"${module}"`, ...change }
  })
}
