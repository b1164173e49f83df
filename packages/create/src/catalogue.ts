/** What one can choose, and what each choice brings along. The code of a choice is in `template/`, in folders of these names. */

export type FrameworkName = 'express' | 'fastify' | 'hono' | 'node'
export type StoreName = 'lmdb' | 'sqlite' | 'redis' | 'postgres' | 'memory'
export type Language = 'ts' | 'js'

export type PackageName =
  | '@fastify/formbody'
  | '@hono/node-server'
  | '@types/express'
  | '@types/node'
  | 'better-sqlite3'
  | 'express'
  | 'fastify'
  | 'hono'
  | 'lmdb'
  | 'pg'
  | 'redis'
  | 'sojourn'
  | 'typescript'
  | 'valibot'

export interface Variable {
  readonly name: string
  readonly value: string
  readonly meaning: string
}

interface Choice {
  readonly title: string
  readonly hint: string
  readonly dependencies: readonly PackageName[]
  /** For TypeScript only. */
  readonly types: readonly PackageName[]
}

export interface Framework extends Choice {
  /** Folders of `template/` besides the framework's own. */
  readonly parts: readonly string[]
}

export interface Store extends Choice {
  readonly variables: readonly Variable[]
  /** For the application's README. */
  readonly note: string
  /** The page of the library's documentation. */
  readonly page: string
}

/** The versions that the tests of this package run with. An application gets `^` of them. */
export const VERSIONS: Readonly<Record<PackageName, string>> = {
  '@fastify/formbody': '9.0.1',
  '@hono/node-server': '2.1.8',
  '@types/express': '5.0.6',
  '@types/node': '20.19.43',
  'better-sqlite3': '12.11.1',
  express: '5.3.0',
  fastify: '5.12.8',
  hono: '4.13.19',
  lmdb: '3.5.6',
  pg: '8.23.1',
  redis: '5.12.1',
  sojourn: '0.2.0',
  typescript: '6.0.3',
  valibot: '1.5.0',
}

export const FRAMEWORKS: Readonly<Record<FrameworkName, Framework>> = {
  express: {
    title: 'Express 5',
    hint: 'the most common',
    dependencies: ['express'],
    types: ['@types/express'],
    parts: ['listen'],
  },
  fastify: {
    title: 'Fastify 5',
    hint: 'fast, with plugins',
    dependencies: ['fastify', '@fastify/formbody'],
    types: [],
    parts: [],
  },
  hono: {
    title: 'Hono 4 on Node',
    hint: 'small, also for other runtimes',
    dependencies: ['hono', '@hono/node-server'],
    types: [],
    parts: ['listen'],
  },
  node: {
    title: 'node:http',
    hint: 'no framework: handlers from Request to Response',
    dependencies: [],
    types: [],
    parts: ['listen'],
  },
}

export const STORES: Readonly<Record<StoreName, Store>> = {
  lmdb: {
    title: 'LMDB',
    hint: 'a folder on this machine, no server',
    dependencies: ['lmdb'],
    types: [],
    variables: [{ name: 'SESSIONS_FOLDER', value: 'data/sessions', meaning: 'The folder with the sessions.' }],
    note: 'Sessions are in the folder `data/sessions`. Several processes of one machine can share it.',
    page: 'docs/reference/stores.md',
  },
  sqlite: {
    title: 'SQLite',
    hint: 'a file on this machine, no server',
    dependencies: [],
    types: [],
    variables: [{ name: 'SESSIONS_FILE', value: 'data/sessions.db', meaning: 'The file with the sessions.' }],
    note: 'Sessions are in the file `data/sessions.db`. Several processes of one machine can share it.',
    page: 'docs/stores/sqlite.md',
  },
  redis: {
    title: 'Redis or Valkey',
    hint: 'a server that several machines share',
    dependencies: ['redis'],
    types: [],
    variables: [{ name: 'REDIS_URL', value: 'redis://localhost:6379', meaning: 'The server with the sessions.' }],
    note: 'Sessions are in the Redis or Valkey of `REDIS_URL`. It must run before the application and its test start. The prefix in `src/store` separates them from those of other applications.',
    page: 'docs/stores/redis.md',
  },
  postgres: {
    title: 'PostgreSQL',
    hint: 'a database that several machines share',
    dependencies: ['pg'],
    types: [],
    variables: [
      {
        name: 'DATABASE_URL',
        value: 'postgres://postgres@localhost:5432/postgres',
        meaning: 'The database with the sessions. The application creates its table there.',
      },
    ],
    note: 'Sessions are in the database of `DATABASE_URL`. It must run before the application and its test start, which create the table that `src/store` names.',
    page: 'docs/stores/postgres.md',
  },
  memory: {
    title: 'Memory',
    hint: 'for trying out: sessions end with the process',
    dependencies: [],
    types: [],
    variables: [],
    note: 'Sessions are in memory, and end with the process. Choose another store before you run in production.',
    page: 'docs/stores/README.md',
  },
}

export const LANGUAGES: Readonly<Record<Language, { readonly title: string }>> = {
  ts: { title: 'TypeScript' },
  js: { title: 'JavaScript' },
}

export interface Project {
  /** Of the package. */
  readonly name: string
  readonly framework: FrameworkName
  readonly store: StoreName
  readonly language: Language
}
