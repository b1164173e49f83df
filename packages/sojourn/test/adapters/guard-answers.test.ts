import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { withNodeSession } from 'sojourn/node'
import { expect, test } from 'vitest'

const STATUSES = [204, 205, 304]

function sessionsOf(status: number) {
  const guard = { name: 'bare', opened: () => ({ answer: { status, reason: 'bare', message: 'Nothing to show.' } }) }
  return createSessions({ guards: [guard], warn: () => {} })
}

test.each(STATUSES)('fetch: an answer with %d has no body', async (status) => {
  const handle = withSession(sessionsOf(status), () => new Response('never'))
  const response = await handle(new Request('http://localhost/'))
  expect([response.status, await response.text()]).toEqual([status, ''])
})

test.each(STATUSES)('node: an answer with %d has no body and no length', async (status) => {
  const server = createServer(withNodeSession(sessionsOf(status), (_, response) => void response.end('never')))
  await new Promise<void>((resolve) => server.listen(0, resolve))
  try {
    const response = await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`)
    expect([response.status, await response.text()]).toEqual([status, ''])
    expect(response.headers.get('content-length') ?? '0').toBe('0')
  } finally {
    server.close()
  }
})

test('fetch: a header of an answer replaces the default, however its name is written', async () => {
  const headers = { 'Content-Type': 'text/html', 'Cache-Control': 'private' }
  const answer = { status: 403, reason: 'page', message: 'No.', body: '<p>No.</p>', headers }
  const sessions = createSessions({ guards: [{ name: 'page', check: () => answer }], warn: () => {} })
  const response = await withSession(sessions, () => new Response('never'))(new Request('http://localhost/'))
  expect(response.headers.get('content-type')).toBe('text/html')
  expect(response.headers.get('cache-control')).toBe('private')
})
