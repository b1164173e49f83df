import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import { createSessions, memoryStore } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** An application whose password reset remembers, in the session, whose password it is about. */
function createApplication() {
  const sessions = createSessions<Record<string, unknown>>({ store: memoryStore() })
  const app = express()
  app.use(express.json(), expressSessions(sessions))
  const sessionOf = (request: Request) => sessions.get(request)
  app.post('/forgot', (request, response) => {
    Object.assign(sessionOf(request).data, request.body)
    response.end()
  })
  app.post('/flash', (request, response) => {
    sessionOf(request).flash.set('userId', 'ada')
    response.end()
  })
  app.get('/account', (request, response) => {
    const { userId, authenticatedAt, methods } = sessionOf(request)
    const isFresh = sessionOf(request).authenticatedWithin('1h')
    response.status(userId === null ? 401 : 200).json({ userId, authenticatedAt, methods, isFresh })
  })
  return createServer(app)
}

let server: ReturnType<typeof createApplication>
let origin = ''
beforeAll(async () => {
  server = createApplication().listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const NOBODY = { userId: null, authenticatedAt: null, methods: [], isFresh: false }

async function visitAfter(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json' }
  const first = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const cookie = first.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  expect(cookie).not.toBe('')
  const account = await fetch(`${origin}/account`, { headers: { cookie } })
  return { status: account.status, body: await account.json() }
}

test.each([
  { userId: 'ada' },
  { user: { id: 'ada', admin: true }, loggedIn: true },
  { authenticatedAt: 1_893_456_000_000, methods: ['pwd', 'otp'], assurance: 'aal3' },
  { head: { authenticatedAt: 1_893_456_000_000 }, kind: 'live', id: 'A'.repeat(22) },
])('puzzling: data that another page stored, however it is named, logs nobody in: %j', async (data) => {
  expect(await visitAfter('/forgot', data)).toEqual({ status: 401, body: NOBODY })
})

test('puzzling: a flash message named like a user logs nobody in', async () => {
  expect(await visitAfter('/flash', {})).toEqual({ status: 401, body: NOBODY })
})
