import { get } from 'node:http'
import { createRequire } from 'node:module'
import { runtimePath } from '../../../../tools/runtimes.mjs'
import type { KvNamespace, ObjectNamespace } from '../../src/stores/cloudflare.ts'
import type { D1Client } from '../../src/stores/sqlite.ts'
import { bundle } from './bundle.ts'

/** The members of miniflare that these tests use. It starts the real workerd with the storage of this machine. */
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
  /** The Worker's answer to `GET /path`, as JSON. */
  ask(path: string): Promise<unknown>
  send(path: string, cookie?: string): Promise<Answer>
  stop(): Promise<void>
}

export interface Answer {
  readonly value: unknown
  /** As a browser would send it back. */
  readonly cookie: string
}

/** `folder`: where its databases are. */
export async function startWorker(program: URL, folder: string): Promise<RunningWorker> {
  const { Miniflare } = createRequire(import.meta.url)(runtimePath('miniflare')) as MiniflareModule
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
    ask: async (path) => (await send(new URL(path, url))).value,
    send: (path, cookie) => send(new URL(path, url), cookie),
    stop: () => flare.dispose(),
  }
}

/** Over a connection of its own: workerd closes those that were busy for some seconds, and `fetch` would use them again. */
function send(url: URL, cookie = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: { cookie } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('error', reject)
      response.on('end', () => {
        const [setCookie = ''] = response.headers['set-cookie'] ?? []
        if (response.statusCode === 200) resolve({ value: JSON.parse(text), cookie: setCookie.split(';')[0] ?? '' })
        else reject(new Error(`${response.statusCode}: ${text}`))
      })
    })
    request.on('error', reject)
  })
}
