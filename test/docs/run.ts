import { mkdtempSync, rmSync } from 'node:fs'
import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { vi } from 'vitest'
import type { Snippet } from './snippets.ts'

/** The modules that a document's code can import. The test runner loads the real ones, and ours from the present sources. */
const MODULES: Readonly<Record<string, () => Promise<object>>> = {
  sojourn: () => import('sojourn'),
  'sojourn/carriers/bearer': () => import('sojourn/carriers/bearer'),
  'sojourn/carriers/header': () => import('sojourn/carriers/header'),
  'sojourn/carriers/body-field': () => import('sojourn/carriers/body-field'),
  'sojourn/carriers/form-field': () => import('sojourn/carriers/form-field'),
  'sojourn/carriers/insecure-path': () => import('sojourn/carriers/insecure-path'),
  'sojourn/carriers/insecure-query': () => import('sojourn/carriers/insecure-query'),
  'sojourn/carriers/cookie': () => import('sojourn/carriers/cookie'),
  'sojourn/carriers/kit': () => import('sojourn/carriers/kit'),
  'sojourn/carriers/ticket': () => import('sojourn/carriers/ticket'),
  'mmdb-lib': () => import('mmdb-lib'),
  'rate-limiter-flexible': () => import('rate-limiter-flexible'),
  'sojourn/guards/anomaly': () => import('sojourn/guards/anomaly'),
  'sojourn/guards/cross-origin': () => import('sojourn/guards/cross-origin'),
  'sojourn/guards/login-status': () => import('sojourn/guards/login-status'),
  'sojourn/guards/new-device': () => import('sojourn/guards/new-device'),
  'sojourn/guards/rate-limits': () => import('sojourn/guards/rate-limits'),
  'sojourn/guards/session-limit': () => import('sojourn/guards/session-limit'),
  'sojourn/guards/form-tokens': () => import('sojourn/guards/form-tokens'),
  'sojourn/guards/kit': () => import('sojourn/guards/kit'),
  'sojourn/legacy/express-session': () => import('sojourn/legacy/express-session'),
  'sojourn/live': () => import('sojourn/live'),
  'sojourn/live/sse': () => import('sojourn/live/sse'),
  'sojourn/stores/kit': () => import('sojourn/stores/kit'),
  'sojourn/stores/memory': () => import('sojourn/stores/memory'),
  'sojourn/stores/lmdb': () => import('sojourn/stores/lmdb'),
  'sojourn/stores/migrate': () => import('sojourn/stores/migrate'),
  'sojourn/stores/resilient': () => import('sojourn/stores/resilient'),
  'sojourn/stores/url': () => import('sojourn/stores/url'),
  'sojourn/stores/cloudflare': () => import('sojourn/stores/cloudflare'),
  'sojourn/stores/sqlite': () => import('sojourn/stores/sqlite'),
  'sojourn/stores/mysql': () => import('sojourn/stores/mysql'),
  'sojourn/stores/postgres': () => import('sojourn/stores/postgres'),
  'sojourn/retention': () => import('sojourn/retention'),
  'sojourn/audit-log': () => import('sojourn/audit-log'),
  'sojourn/audit-log/file': () => import('sojourn/audit-log/file'),
  'sojourn/audit-log/postgres': () => import('sojourn/audit-log/postgres'),
  'sojourn/audit-log/mysql': () => import('sojourn/audit-log/mysql'),
  'sojourn/audit-log/sqlite': () => import('sojourn/audit-log/sqlite'),
  'sojourn/telemetry': () => import('sojourn/telemetry'),
  'sojourn/signals/back-channel-logout': () => import('sojourn/signals/back-channel-logout'),
  'sojourn/signals/global-token-revocation': () => import('sojourn/signals/global-token-revocation'),
  'sojourn/signals/shared-signals': () => import('sojourn/signals/shared-signals'),
  'sojourn/tokens': () => import('sojourn/tokens'),
  'sojourn/tokens/endpoints': () => import('sojourn/tokens/endpoints'),
  'sojourn/tokens/verifier': () => import('sojourn/tokens/verifier'),
  'sojourn/tokens/file-keys': () => import('sojourn/tokens/file-keys'),
  'sojourn/webhooks': () => import('sojourn/webhooks'),
  'sojourn/metrics': () => import('sojourn/metrics'),
  'sojourn/express': () => import('sojourn/express'),
  'sojourn/fastify': () => import('sojourn/fastify'),
  'sojourn/fetch': () => import('sojourn/fetch'),
  'sojourn/guards/device-bound': () => import('sojourn/guards/device-bound'),
  'sojourn/hono': () => import('sojourn/hono'),
  'sojourn/koa': () => import('sojourn/koa'),
  'sojourn/live/socket-io': () => import('sojourn/live/socket-io'),
  'sojourn/live/ws': () => import('sojourn/live/ws'),
  'sojourn/nestjs': () => import('sojourn/nestjs'),
  'sojourn/react-router': () => import('sojourn/react-router'),
  'sojourn/sveltekit': () => import('sojourn/sveltekit'),
  'sojourn/node': () => import('sojourn/node'),
  '@sveltejs/kit/hooks': () => import('@sveltejs/kit/hooks'),
  '$app/environment': async () => ({ building: false }),
  '@sojourn/conformance': () => import('@sojourn/conformance'),
  '@sojourn/audit': () => import('@sojourn/audit'),
  '@electric-sql/pglite': () => import('@electric-sql/pglite'),
  '@fastify/cors': () => import('@fastify/cors'),
  '@fastify/formbody': () => import('@fastify/formbody'),
  '@fastify/websocket': () => import('@fastify/websocket'),
  '@trpc/server': () => import('@trpc/server'),
  '@trpc/server/adapters/fetch': () => import('@trpc/server/adapters/fetch'),
  '@hono/node-server': () => import('@hono/node-server'),
  '@nestjs/common': () => import('@nestjs/common'),
  '@nestjs/core': () => import('@nestjs/core'),
  '@nestjs/platform-fastify': () => import('@nestjs/platform-fastify'),
  'body-parser': () => import('body-parser'),
  connect: () => import('connect'),
  cors: () => import('cors'),
  express: () => import('express'),
  fastify: () => import('fastify'),
  hono: () => import('hono'),
  'hono/cors': () => import('hono/cors'),
  koa: () => import('koa'),
  'koa-bodyparser': () => import('koa-bodyparser'),
  'react-router': () => import('react-router'),
  'prom-client': () => import('prom-client'),
  'socket.io': () => import('socket.io'),
  valibot: () => import('valibot'),
  vitest: async () => ({ test: runTest, expect: (await import('vitest')).expect }),
  ws: () => import('ws'),
  'node:cluster': () => import('node:cluster'),
  'node:crypto': () => import('node:crypto'),
  'node:events': () => import('node:events'),
  'node:fs': () => import('node:fs'),
  'node:fs/promises': () => import('node:fs/promises'),
  'node:http': () => import('node:http'),
  'node:os': () => import('node:os'),
  'node:stream/consumers': () => import('node:stream/consumers'),
  'node:timers/promises': () => import('node:timers/promises'),
}

export interface Running {
  /** The exports of the snippet. */
  readonly exports: Readonly<Record<string, unknown>>
  /** Where the servers that it started can be reached: `http://127.0.0.1:40213`. */
  readonly origins: readonly string[]
  stop(): Promise<void>
}

const pending: Promise<void>[] = []

/** Stands for `test` inside a snippet: a test runner takes no tests while it runs one. */
function runTest(_name: string, body: () => Promise<void>): void {
  pending.push(body())
}

/**
 * Runs a snippet, and those of its page that it imports, in an empty folder. A port that the code names is left to the
 * system to choose: that is the one thing that is not as written.
 */
export async function runSnippet(snippet: Snippet, page: readonly Snippet[]): Promise<Running> {
  const home = process.cwd()
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-docs-'))
  const leave = (): void => {
    process.chdir(home)
    rmSync(folder, { recursive: true, force: true })
  }
  process.chdir(folder)
  const servers = catchServers()
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    const exports = await createLoader(page)(snippet)
    await Promise.all(pending.splice(0))
    const origins = await Promise.all(servers.origins.values())
    return {
      exports,
      origins,
      async stop() {
        await Promise.all(Array.from(servers.origins.keys(), close))
        leave()
      },
    }
  } catch (error) {
    leave()
    throw error
  } finally {
    servers.release()
    log.mockRestore()
  }
}

/** Until it is released, every server that starts to listen gets another port, and is listed here. */
function catchServers(): { readonly origins: ReadonlyMap<Server, Promise<string>>; release(): void } {
  const origins = new Map<Server, Promise<string>>()
  const listen = Server.prototype.listen
  const spy = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    origins.set(this, originOf(this))
    const done = args.find((arg) => typeof arg === 'function')
    return Reflect.apply(listen, this, [0, '127.0.0.1', ...(done === undefined ? [] : [done])])
  })
  return { origins, release: () => spy.mockRestore() }
}

/** Each file of a page is run once, whoever imports it. */
function createLoader(page: readonly Snippet[]): (snippet: Snippet) => Promise<Record<string, unknown>> {
  const loaded = new Map<Snippet, Promise<Record<string, unknown>>>()

  function load(snippet: Snippet): Promise<Record<string, unknown>> {
    const module = loaded.get(snippet) ?? evaluate(snippet, resolve)
    loaded.set(snippet, module)
    return module
  }

  async function resolve(specifier: string): Promise<object> {
    if (!specifier.startsWith('./')) return namespaceOf(specifier)
    const file = page.find(({ name }) => `./${name}`.endsWith(specifier.slice(1)))
    if (file === undefined) throw new Error(`A snippet imports ${specifier}, and its page shows no such file`)
    return load(file)
  }

  return load
}

async function namespaceOf(specifier: string): Promise<object> {
  const load = MODULES[specifier]
  if (load === undefined) throw new Error(`test/docs/run.ts does not know the module ${specifier}`)
  // The mark of an ES module, so that a default import is its default.
  return { __esModule: true, ...(await load()) }
}

function close(server: Server): Promise<unknown> {
  if ('closeAllConnections' in server) (server as HttpServer).closeAllConnections()
  return new Promise((done) => server.close(done))
}

async function originOf(server: Server): Promise<string> {
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (require: (specifier: string) => object, exports: object) => Promise<void>

/** As a CommonJS module inside an async function: so it can wait at the top level, and its imports can be handed in. */
async function evaluate(
  { code, page, line }: Snippet,
  resolve: (specifier: string) => Promise<object>,
): Promise<Record<string, unknown>> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      experimentalDecorators: true,
    },
  })
  const specifiers = [...outputText.matchAll(/require\("([^"]+)"\)/g)].map(([, specifier = '']) => specifier)
  const modules = new Map<string, object>()
  for (const specifier of specifiers) modules.set(specifier, await resolve(specifier))
  const exports: Record<string, unknown> = {}
  try {
    await new AsyncFunction('require', 'exports', outputText)((specifier) => modules.get(specifier) ?? {}, exports)
  } catch (error) {
    throw new Error(`${page}:${line} does not run`, { cause: error })
  }
  return exports
}
