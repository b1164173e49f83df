import { createRequire } from 'node:module'
import { runtimePath } from '../../../../tools/runtimes.mjs'
import type { KvNamespace, ObjectNamespace } from '../../src/stores/cloudflare.ts'
import type { D1Client } from '../../src/stores/sqlite.ts'
import { bundle } from './bundle.ts'
import { quickFolder } from './quick-folder.ts'

/** What these tests use of miniflare, which starts the real workerd with the storage of this machine. */
interface Miniflare {
  readonly ready: Promise<URL>
  getDurableObjectNamespace(binding: string): Promise<ObjectNamespace>
  getKVNamespace(binding: string): Promise<KvNamespace>
  getD1Database(binding: string): Promise<D1Client>
  dispose(): Promise<void>
}

type MiniflareModule = { readonly Miniflare: new (options: unknown) => Miniflare }

/** A Worker with Durable Objects, a KV namespace and a D1 database of its own, all empty. */
export interface RunningWorker {
  readonly flare: Miniflare
  /** What the Worker answers to `GET /path`, as JSON. */
  ask(path: string): Promise<unknown>
  stop(): Promise<void>
}

export async function startWorker(program: URL): Promise<RunningWorker> {
  const { Miniflare } = createRequire(import.meta.url)(runtimePath('miniflare')) as MiniflareModule
  const folder = quickFolder('worker')
  const flare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: await bundle(program, 'workerd') }],
    compatibilityDate: '2026-04-01',
    // The store needs none of it; what compares answers does.
    compatibilityFlags: ['nodejs_compat'],
    // Else it asks the internet where this machine is.
    cf: false,
    durableObjects: { SESSIONS: { className: 'ProbedObject', useSQLite: true } },
    kvNamespaces: ['KV'],
    d1Databases: ['DB'],
    durableObjectsPersist: folder,
    kvPersist: folder,
    d1Persist: folder,
  })
  const url = await flare.ready
  return {
    flare,
    async ask(path) {
      const response = await fetch(new URL(path, url))
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
      return response.json()
    },
    stop: () => flare.dispose(),
  }
}
