import { runCases, type StoreContext, storeCases } from '@sojourn/conformance'
import { createSessions } from 'sojourn'
import { withSession } from '../../../src/adapters/fetch.ts'
import type { Store } from '../../../src/core/contracts/store.ts'
import type { ObjectState } from '../../../src/stores/cloudflare/sojourn-object.ts'
import {
  durableObjectStore,
  type KvNamespace,
  kvStore,
  type ObjectNamespace,
  type ObjectStub,
  SojournObject,
} from '../../../src/stores/cloudflare.ts'
import { type D1Client, sqliteStore } from '../../../src/stores/sqlite.ts'

import { runSchedules } from './run-schedules.ts'

interface Bindings {
  readonly SESSIONS: ObjectNamespace
  readonly KV: KvNamespace
  readonly DB: Database
}

interface Database extends D1Client {
  prepare(sql: string): ReturnType<D1Client['prepare']> & { all(): Promise<{ results: unknown[] }> }
}

/** The actions of a test on an object outside the store: read its storage, set its clock forward, restart it. */
export class ProbedObject extends SojournObject {
  readonly #state: ObjectState
  #aheadMs = 0

  constructor(state: ObjectState, env: unknown) {
    super(state, env)
    this.#state = state
  }

  protected override now(): number {
    return Date.now() + this.#aheadMs
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/probe') return Response.json([...(await this.#state.storage.list())])
    if (pathname === '/restart') this.#state.abort('restart')
    if (pathname !== '/pass') return super.fetch(request)
    this.#aheadMs += Number(searchParams.get('ms'))
    if (searchParams.has('ring')) await this.alarm()
    return Response.json(null)
  }
}

/** Hands out objects under generated names, and remembers them. */
class Corner implements ObjectNamespace<string> {
  readonly names: Set<string> = new Set()
  readonly #inner: ObjectNamespace
  readonly #prefix: string = crypto.randomUUID()
  isSevered = false

  constructor(inner: ObjectNamespace) {
    this.#inner = inner
  }

  idFromName(name: string): string {
    this.names.add(name)
    return name
  }

  get(name: string): ObjectStub {
    const stub = this.#inner.get(this.#inner.idFromName(this.#prefix + name))
    const cut = async (): Promise<never> => {
      throw new Error('Network connection lost.')
    }
    return this.isSevered ? { fetch: cut } : stub
  }

  async each<T>(path: string): Promise<T[]> {
    const ask = async (name: string): Promise<T> =>
      (await this.get(name).fetch(`https://object${path}`, { method: 'POST', body: 'null' })).json()
    return Promise.all([...this.names].map(ask))
  }
}

function objectContext(namespace: ObjectNamespace): StoreContext {
  const corners = new WeakMap<Store, Corner>()
  const cornerOf = (store: Store): Corner => corners.get(store) ?? new Corner(namespace)
  const open = (corner: Corner): Store => {
    const store = durableObjectStore({ namespace: corner })
    corners.set(store, corner)
    return store
  }
  return {
    createStore: () => open(new Corner(namespace)),
    second: (store) => open(cornerOf(store)),
    async reopen(store) {
      // The answer of an object that starts anew is an error.
      await cornerOf(store)
        .each('/restart')
        .catch(() => undefined)
      return open(cornerOf(store))
    },
    async probe(store) {
      const corner = cornerOf(store)
      return [...corner.names, JSON.stringify(await corner.each('/probe'))]
    },
    sever(store) {
      cornerOf(store).isSevered = true
    },
    without: {
      sweeps: 'objects delete what has expired by themselves',
      damage: 'nothing else reaches the storage of an object',
      scans: 'a Worker cannot tell which objects there are',
    },
  }
}

/** Keys with a beginning of their own. */
function kvCorner(inner: KvNamespace): KvNamespace & { all(): Promise<string[]> } {
  const prefix = crypto.randomUUID()
  const list: KvNamespace['list'] = async (options) => {
    const page = await inner.list({ ...options, prefix: prefix + options.prefix })
    return { ...page, keys: page.keys.map(({ name }) => ({ name: name.slice(prefix.length) })) }
  }
  return {
    list,
    get: (key) => inner.get(prefix + key),
    put: (key, value, options) => inner.put(prefix + key, value, options),
    delete: (key) => inner.delete(prefix + key),
    async all() {
      const { keys } = await list({ prefix: '' })
      return Promise.all(keys.map(async ({ name }) => `${name} ${await inner.get(prefix + name)}`))
    },
  }
}

function kvContext(namespace: KvNamespace): StoreContext {
  const corners = new WeakMap<Store, ReturnType<typeof kvCorner>>()
  const open = (corner = kvCorner(namespace)): Store => {
    const store = kvStore({ namespace: corner })
    corners.set(store, corner)
    return store
  }
  return {
    createStore: () => open(),
    second: (store) => open(corners.get(store)),
    reopen: (store) => open(corners.get(store)),
    probe: (store) => corners.get(store)?.all() ?? [],
    damage: async (store, id) => corners.get(store)?.put(`session:${id}`, '{"later', { expirationTtl: 3600 }),
    without: {
      sweeps: 'Workers KV deletes what has expired by itself',
      sever: 'a binding cannot be cut',
      scans: 'not offered yet',
    },
  }
}

function d1Context(db: Database): StoreContext {
  const corners = new WeakMap<Store, { readonly table: string; isSevered: boolean }>()
  const open = (table: string): Store => {
    const corner = { table, isSevered: false }
    const cut = async (): Promise<never> => {
      throw new Error('D1_ERROR: Network connection lost.')
    }
    const client: D1Client = {
      prepare: (sql) => (corner.isSevered ? { bind: () => ({ all: cut }) } : db.prepare(sql)),
      batch: (statements) => (corner.isSevered ? cut() : db.batch(statements)),
    }
    const store = sqliteStore({ client, table })
    corners.set(store, corner)
    return store
  }
  const tableOf = (store: Store): string => corners.get(store)?.table ?? ''
  return {
    createStore: () => open(`t_${crypto.randomUUID().replaceAll('-', '_')}`),
    second: (store) => open(tableOf(store)),
    reopen: (store) => open(tableOf(store)),
    probe: async (store) => {
      const { results } = await db.prepare(`SELECT * FROM ${tableOf(store)}`).all()
      return results.map((row) => JSON.stringify(row))
    },
    async damage(store, id) {
      await db.prepare(`UPDATE ${tableOf(store)} SET head = '{"later' WHERE id = '${id}'`).all()
    },
    sever(store) {
      const corner = corners.get(store)
      if (corner !== undefined) corner.isSevered = true
    },
    sweeps: true,
    scans: true,
  }
}

/** An application as one would deploy it: made by the first request, and used by all that follow. */
let application: ((request: Request) => Promise<Response>) | undefined

function createApplication(namespace: ObjectNamespace): (request: Request) => Promise<Response> {
  const sessions = createSessions({ store: durableObjectStore({ namespace }) })
  return withSession(sessions, async (request, session) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/app/login') await session.login('ada')
    if (pathname === '/app/count') await session.update('n', (n) => Number(n ?? 0) + 1)
    if (pathname === '/app/logout') await session.logout()
    return Response.json({ user: session.userId, n: session.data.n ?? 0 })
  })
}

// biome-ignore lint/style/noDefaultExport: that is what a Worker is
export default {
  async fetch(request: Request, { SESSIONS, KV, DB }: Bindings): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/app/')) {
      application ??= createApplication(SESSIONS)
      return application(request)
    }
    if (pathname === '/durable-objects/schedules') {
      const open = (): Store => durableObjectStore({ namespace: new Corner(SESSIONS) })
      return Response.json(await runSchedules(open))
    }
    if (pathname === '/d1/schedules') {
      const store = sqliteStore({ client: DB })
      await store.setup()
      return Response.json(await runSchedules(() => store))
    }
    if (pathname === '/durable-objects') return Response.json(await runCases(storeCases, objectContext(SESSIONS)))
    if (pathname === '/d1') return Response.json(await runCases(storeCases, d1Context(DB)))
    if (pathname === '/kv') return Response.json(await runCases(storeCases, kvContext(KV)))
    return new Response(null, { status: 404 })
  },
}
