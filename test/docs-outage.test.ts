import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, test, vi } from 'vitest'
import { failingStore, SOME_TOKEN } from '../packages/sojourn/test/adapters/support/stores.ts'
import { runSnippet } from './docs/run.ts'
import { type Snippet, snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/survive-an-outage.md'
const snippets = snippetsOf(PAGE)
const BODY = /Try again in a moment\.$/

afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

function snippetWith(text: string): Snippet {
  const snippet = snippets.find(({ code }) => code.includes(text))
  if (snippet === undefined) throw new Error(`${PAGE} does not show ${text}`)
  return snippet
}

test('the page about outages: Fastify answers 503 and logs no error of a request, but those of handlers', async () => {
  const lines: string[] = []
  const stream = new Writable({ write: (chunk, _, done) => done(void lines.push(String(chunk))) })
  vi.stubGlobal('failing', failingStore('read'))
  vi.stubGlobal('stream', stream)
  const snippet = snippetWith('setErrorHandler')
  const code = snippet.code
    .replace('createSessions()', 'createSessions({ store: failing })')
    .replace('logger: true', 'logger: { level: "error", stream }')
  const running = await runSnippet({ ...snippet, code }, snippets)
  const app = running.exports.app as FastifyInstance
  app.get('/', () => 'hello')
  app.get('/broken', () => {
    throw new Error('a mistake in the handler')
  })
  const reply = await app.inject({ url: '/', headers: SOME_TOKEN })
  expect([reply.statusCode, reply.headers['retry-after']]).toEqual([503, '1'])
  expect(reply.body).toMatch(BODY)
  expect(lines).toEqual([])
  expect((await app.inject('/broken')).statusCode).toBe(500)
  expect(lines.join()).toContain('a mistake in the handler')
  await app.close()
  await running.stop()
})

test.each([
  ['Express', 'import express from "express"\nconst app = express()', 'sojourn/express', 'expressSessions'],
  ['Connect', 'import connect from "connect"\nconst app = connect()', 'sojourn/node', 'nodeSessions'],
])('the page about outages: %s answers 503 and prints no stack of a request', async (_, start, module, adapter) => {
  vi.stubEnv('NODE_ENV', 'production')
  vi.stubGlobal('failing', failingStore('read'))
  const print = vi.spyOn(console, 'error').mockImplementation(() => {})
  const snippet = snippetWith('res.writeHead(503')
  const code = `${start}
import { createSessions } from 'sojourn'
import { ${adapter} } from '${module}'
app.use(${adapter}(createSessions({ store: failing })))
app.use('/broken', () => { throw new Error('a mistake in the handler') })
${snippet.code}
app.listen(3000)`
  const running = await runSnippet({ ...snippet, code }, snippets)
  const [origin = ''] = running.origins
  const reply = await fetch(origin, { headers: { cookie: SOME_TOKEN.cookie.replace('session', '__Host-session') } })
  expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await reply.text()).toMatch(BODY)
  expect((await fetch(`${origin}/broken`)).status).toBe(500)
  // Both print later, in the order of the requests.
  await vi.waitFor(() => expect(print).toHaveBeenCalled(), 20_000)
  expect(print.mock.calls.map(([what]) => String(what?.message ?? what).split('\n')[0])).toEqual([
    expect.stringMatching(/a mistake in the handler$/),
  ])
  await running.stop()
})
