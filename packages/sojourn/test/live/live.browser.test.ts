import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createSessions } from 'sojourn'
import { cookieCarrier } from 'sojourn/carriers/cookie'
import { ticketCarrier } from 'sojourn/carriers/ticket'
import { liveEvents } from 'sojourn/live/sse'
import { liveWebSockets } from 'sojourn/live/ws'
import { toNodeHandler, withNodeSession } from 'sojourn/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { launchChromium } from '../support/site.ts'

const MINUTE = 60_000

let browser: Browser
let context: BrowserContext
let page: Page
let site: Awaited<ReturnType<typeof startSite>>

/** An application on localhost, with a chat over WebSocket and an event stream. */
async function startSite() {
  let skipped = 0
  const tickets = ticketCarrier()
  const sessions = createSessions({
    carriers: [tickets, cookieCarrier()],
    clock: () => Date.now() + skipped,
    warn: () => {},
  })
  const events = liveEvents(sessions, { retry: '10ms' })
  const streamed = vi.fn()
  const server = createServer(
    withNodeSession(sessions, async (request, response, session) => {
      if (request.url === '/events') {
        streamed()
        const begin = () => events.respond(session, (stream) => stream.send(`hello ${session.userId}`))
        return toNodeHandler(begin)(request, response)
      }
      if (request.url === '/ticket') {
        return void response.end(await tickets.issue(session, { path: '/chat', origin: originOf() }))
      }
      if (request.url === '/login') await session.login('ada')
      if (request.url === '/logout') await session.logout()
      response.setHeader('content-type', 'text/html')
      response.end(`<p>${session.userId}`)
    }),
  )
  const sockets = liveWebSockets(sessions, { server, path: '/chat' })
  const connected = vi.fn()
  sockets.on('connection', (socket, session) => {
    connected()
    socket.send(`hello ${session.userId}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const originOf = (): string => `http://localhost:${port}`
  return {
    origin: originOf(),
    port,
    connected,
    streamed,
    skip(ms: number) {
      skipped += ms
    },
    async close() {
      events.close()
      await sockets.close()
      server.closeAllConnections()
      server.close()
      await sessions.close()
    },
  }
}

beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  site = await startSite()
  context = await browser.newContext()
  page = await context.newPage()
  await page.goto(`${site.origin}/`)
})
afterEach(async () => {
  await context.close()
  await site.close()
})

const post = (path: string): Promise<string> =>
  page.evaluate((url) => fetch(url, { method: 'POST' }).then((response) => response.text()), path)

interface Heard {
  readonly messages: string[]
  code: number | null
  protocol: string
}

/** Opens a WebSocket in the page, which writes down what it hears. */
async function connect(where: Page, url: string, protocols: string[] = []): Promise<() => Promise<Heard>> {
  await where.evaluate(
    ([target, offered]) => {
      const heard: Heard = { messages: [], code: null, protocol: '' }
      Object.assign(globalThis, { heard })
      const socket = new WebSocket(target as string, offered)
      socket.onopen = () => {
        heard.protocol = socket.protocol
      }
      socket.onmessage = ({ data }) => heard.messages.push(data)
      socket.onclose = ({ code }) => {
        heard.code = code
      }
    },
    [url, protocols] as const,
  )
  return () => where.evaluate(() => (globalThis as unknown as { heard: Heard }).heard)
}

const chat = (host = 'localhost'): string => `ws://${host}:${site.port}/chat`

describe('in Chromium', () => {
  test('1 Ended is ended: a logout in one tab closes the WebSocket of another with 4401', async () => {
    await post('/login')
    const other = await context.newPage()
    await other.goto(`${site.origin}/`)
    const heard = await connect(other, chat())
    await expect.poll(heard).toMatchObject({ messages: ['hello ada'], code: null })
    await post('/logout')
    await expect.poll(heard).toMatchObject({ code: 4401 })
  })

  test('cross-site WebSocket hijacking: a page of the same site, to which the cookie is attached, gets no socket', async () => {
    await post('/login')
    const evil = createServer((_, response) => response.end('<p>You have won!'))
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
    try {
      const attacker = await context.newPage()
      await attacker.goto(`http://localhost:${(evil.address() as AddressInfo).port}/`)
      const heard = await connect(attacker, chat())
      await expect.poll(heard).toMatchObject({ messages: [], code: 1006 })
      expect(site.connected).not.toHaveBeenCalled()
    } finally {
      evil.closeAllConnections()
      evil.close()
    }
  })

  test('the cookie that comes with the handshake is stored, and opens the session afterwards', async () => {
    await post('/login')
    const tokenOf = async (): Promise<string | undefined> => (await context.cookies())[0]?.value
    for (const minutes of [20, 20]) {
      site.skip(minutes * MINUTE)
      await post('/')
    }
    const before = await tokenOf()
    site.skip(25 * MINUTE)
    const heard = await connect(page, chat())
    await expect.poll(heard).toMatchObject({ messages: ['hello ada'] })
    expect(await tokenOf()).not.toBe(before)
    expect(await post('/')).toContain('ada')
    expect((await heard()).code).toBe(null)
  })

  test('a ticket opens a socket on a host to which the cookie is not sent, once, and is not repeated', async () => {
    await post('/login')
    const ticket = await post('/ticket')
    const heard = await connect(page, chat('127.0.0.1'), ['chat', `sojourn.ticket.${ticket}`])
    await expect.poll(heard).toMatchObject({ messages: ['hello ada'], protocol: 'chat' })
    const again = await connect(page, chat('127.0.0.1'), ['chat', `sojourn.ticket.${ticket}`])
    await expect.poll(again).toMatchObject({ messages: [], code: 1006 })
  })

  test('EventSource gets the reason when the session ends, asks once more, and stops for good', async () => {
    await post('/login')
    await page.evaluate(() => {
      const heard: string[] = []
      const source = new EventSource('/events')
      source.onmessage = ({ data }) => heard.push(data)
      source.addEventListener('end', ({ data }) => heard.push(data))
      source.onerror = () => heard.push(`state ${source.readyState}`)
      Object.assign(globalThis, { heard })
    })
    const heard = (): Promise<string[]> => page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard)
    await expect.poll(heard).toEqual(['hello ada'])
    await post('/logout')
    const end = '{"code":4401,"text":"session ended"}'
    await expect.poll(heard).toEqual(['hello ada', end, 'state 0', 'state 2'])
    expect(site.streamed).toHaveBeenCalledTimes(2)
  })
})
