import type { Sessions } from 'sojourn'
import { afterEach, expect, test, vi } from 'vitest'
import { type Running, runSnippet } from './docs/run.ts'
import { snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/shut-down.md'
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  process.removeAllListeners('SIGTERM')
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(name: string): Promise<Running & { readonly origin: string }> {
  const snippets = snippetsOf(PAGE)
  const snippet = snippets.find((one) => one.name === name)
  if (snippet === undefined) throw new Error(`${PAGE} shows no ${name}`)
  const running = await runSnippet(snippet, snippets)
  cleanups.push(() => running.stop())
  return { ...running, origin: running.origins[0] ?? '' }
}

test('the page about shutting down: an open event stream does not keep the process, and its edits are stored', async () => {
  const { exports, origin } = await start('server.ts')
  const { shutDown, sessions } = exports as { shutDown(): Promise<void>; sessions: Sessions<object> }
  const write = vi.spyOn(sessions.store, 'write')
  const visit = await fetch(origin)
  const cookie = visit.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const stream = await fetch(`${origin}/events`, { headers: { cookie } })
  await shutDown()
  expect(await stream.text()).toBe('data: hello visitor\n\n')
  expect(write.mock.calls.map(([, change]) => change.set)).toEqual([{ watched: 'true' }])
  await expect(fetch(origin)).rejects.toThrow()
})

test('the page about shutting down: Fastify ends its streams, then closes the sessions', async () => {
  const { exports, origin } = await start('fastify.ts')
  const { app } = exports as { app: { close(): Promise<void> } }
  const stream = await fetch(`${origin}/events`)
  await app.close()
  expect(await stream.text()).toBe('data: hello visitor\n\n')
  await expect(fetch(origin)).rejects.toThrow()
})
