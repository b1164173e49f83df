import { runCases, type StoreContext, storeCases } from '@sojourn/conformance'
import type { Store } from '../../../src/core/store.ts'
import {
  durableObjectStore,
  type KvNamespace,
  kvStore,
  type ObjectNamespace,
  type ObjectStub,
  SojournObject,
} from '../../../src/stores/cloudflare.ts'
import type { ObjectState } from '../../../src/stores/cloudflare/sojourn-object.ts'

interface Bindings {
  readonly SESSIONS: ObjectNamespace
  readonly KV: KvNamespace
}

/** What a test can do to an object from outside the store: look into its storage, put its clock forward, restart it. */
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
    await this.alarm()
    return Response.json(null)
  }
}

/** Hands out objects under names of its own, and remembers them. */
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
      await cornerOf(store).each('/restart').catch(() => undefined)
      return open(cornerOf(store))
    },
    async probe(store) {
      const corner = cornerOf(store)
      return [...corner.names, JSON.stringify(await corner.each('/probe'))]
    },
    sever: (store) => void (cornerOf(store).isSevered = true),
    without: { sweeps: 'objects delete what has expired by themselves' },
  }
}

function kvContext(namespace: KvNamespace): StoreContext {
  const open = (): Store => kvStore({ namespace })
  return { createStore: open, second: open, without: { sweeps: 'Workers KV deletes what has expired by itself', reopen: '', sever: '', probe: '' } }
}

// biome-ignore lint/style/noDefaultExport: what a Worker is
export default {
  async fetch(request: Request, { SESSIONS, KV }: Bindings): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/durable-object') return Response.json(await runCases(storeCases, objectContext(SESSIONS)))
    if (pathname === '/kv') return Response.json(await runCases(storeCases, kvContext(KV)))
    return new Response(null, { status: 404 })
  },
}
