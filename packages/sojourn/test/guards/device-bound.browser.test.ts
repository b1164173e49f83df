import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import type { BrowserContext, Page } from 'playwright-core'
import { createSessions, memoryStore, type Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { deviceBound } from 'sojourn/guards/device-bound'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { hookStore } from '../core/kit-store.ts'
import { launchBound, type SecureSite, startSecureSite } from '../support/bound-chromium.ts'
import { launchChromium } from '../support/site.ts'

const SHOP = 'shop.example'
const COOKIE = '__Host-session-bound'
const MINUTE = 60_000

let site: SecureSite
let profile: string
let context: BrowserContext
let page: Page
/** What the browser reports about its bindings. */
let reports: string[]

/** How far the server's clock is ahead of the browser's. */
let skewMs = 0
let sessions: Sessions<Record<string, unknown>>
const store = hookStore(memoryStore())
/** Everything that the shop was asked, with the status. */
let asked: string[]
let findings: string[]
/** What happens to requests for the refresh: a status in place of the guard's, or its answer is lost. */
let refreshFails: number | 'lost' | null

const url = (path: string): string => site.url(SHOP, path)

/** Without it, Chromium asks for an icon at some later time, and may renew the cookie for that before the request under test. */
const ICON = '<link rel="icon" href="data:,">'

/** Starts the shop's server, as after a deployment: nothing of the one before is left but the store. */
function startShop(): void {
  sessions = createSessions({
    store,
    clock: () => Date.now() + skewMs,
    guards: [deviceBound({ proofWithin: ({ view }) => (view.url === '/pay' ? '1m' : null) })],
    warn: () => {},
  })
  sessions.on('finding', ({ finding }) => void findings.push(finding))
  const app = express()
  app.use((request, response, next) => {
    const { method, path, hostname } = request
    if (hostname !== SHOP) return void response.type('html').send(`${ICON}<a href="${url('/account')}">To the shop</a>`)
    response.on('finish', () => asked.push(`${method} ${path} ${response.statusCode}`))
    if (path !== '/device-bound/refresh' || refreshFails === null) return next()
    if (typeof refreshFails === 'number') return void response.sendStatus(refreshFails)
    refreshFails = null
    Object.assign(response, { end: () => request.socket.destroy() })
    next()
  })
  app.use(express.text(), expressSessions(sessions))
  app.get('/', (_, response) => {
    response.type('html').send(`${ICON}<form method="post" action="/login"><button>Log in</button></form>`)
  })
  app.post('/login', async (request, response) => {
    await request.session.login('ada', { absolute: '30d' })
    response.redirect(303, '/account')
  })
  app.post('/logout', async (request, response) => {
    await request.session.logout()
    response.redirect(303, '/')
  })
  app.all('/*any', (request, response) => {
    response.type('html').send(`${ICON}<p>${request.session.userId ?? 'nobody'}</p><i>${request.body ?? ''}</i>`)
  })
  site.use(app)
}

async function open(): Promise<void> {
  context = await launchBound(site, profile)
  page = context.pages()[0] ?? (await context.newPage())
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.enableDeviceBoundSessions' as never, { enable: true } as never)
  devtools.on(
    'Network.deviceBoundSessionEventOccurred' as never,
    (event: object) => void reports.push(JSON.stringify(event)),
  )
}

/** Logs in as a user does, and waits until the browser has bound the session and a minute has passed. */
async function logIn(target: Page = page): Promise<void> {
  await target.goto(url('/'))
  await target.getByRole('button').click()
  await target.waitForURL(url('/account'))
  await vi.waitFor(async () => expect(await boundCookie(target.context())).toBeDefined(), 5000)
  skewMs += 2 * MINUTE
  asked = []
}

async function boundCookie(of: BrowserContext): Promise<string | undefined> {
  return (await of.cookies(url('/'))).find(({ name }) => name === COOKIE)?.value
}

/** As if ten minutes had passed in the browser. */
const expire = (): Promise<void> => context.clearCookies({ name: COOKIE })

async function visit(path: string, target: Page = page): Promise<string | null> {
  await target.goto(url(path))
  return target.textContent('p')
}

/** A request of a script of the page: status and text. */
function post(path: string, body: string): Promise<string> {
  return page.evaluate(
    async ([to, text]) => {
      const response = await fetch(to, { method: 'POST', body: text, headers: { 'content-type': 'text/plain' } })
      return `${response.status} ${await response.text()}`
    },
    [path, body] as const,
  )
}

beforeAll(async () => {
  site = await startSecureSite()
  profile = mkdtempSync(join(tmpdir(), 'bound-'))
  reports = []
  await open()
})
afterAll(async () => {
  await context?.close()
  await site?.close()
  rmSync(profile, { recursive: true, force: true })
})
beforeEach(async () => {
  refreshFails = null
  findings = []
  asked = []
  skewMs = 0
  startShop()
  await context.clearCookies()
  await logIn()
  reports = []
})

describe('Chromium', () => {
  test('registers a key after a login that redirects', () => {
    expect(findings).toEqual(['device-bound'])
  })

  test('renews the cookie before it sends the next request, of a page or of a script with its body', async () => {
    await expire()
    expect(await visit('/account')).toBe('ada')
    await expire()
    expect(await post('/order', 'two books')).toBe(`200 ${ICON}<p>ada</p><i>two books</i>`)
    expect(asked).toEqual([
      'POST /device-bound/refresh 200',
      'GET /account 200',
      'POST /device-bound/refresh 200',
      'POST /order 200',
    ])
  })

  test('asks for a challenge if its own is too old, and signs that', async () => {
    await expire()
    skewMs += 20 * MINUTE
    expect(await visit('/account')).toBe('ada')
    expect(asked).toEqual(['POST /device-bound/refresh 403', 'POST /device-bound/refresh 200', 'GET /account 200'])
  })

  test('renews the cookie once for two tabs', async () => {
    const second = await context.newPage()
    await expire()
    expect(await Promise.all([visit('/one'), visit('/two', second)])).toEqual(['ada', 'ada'])
    expect(asked.filter((line) => line.startsWith('POST'))).toEqual(['POST /device-bound/refresh 200'])
    await second.close()
  })

  test.each(['evil.example', 'blog.shop.example'])(
    'that follows a link of %s renews the cookie and shows the page',
    async (host) => {
      await expire()
      await page.goto(site.url(host, '/'))
      await page.getByRole('link').click()
      await page.getByText('ada').waitFor()
      expect(asked).toEqual(['GET /account 403', 'POST /device-bound/refresh 200', 'GET /account 200'])
    },
  )

  test('proves itself again for a payment, and sends it with its body', async () => {
    expect(await post('/pay', '12 euros')).toBe(`200 ${ICON}<p>ada</p><i>12 euros</i>`)
    expect(asked).toEqual(['POST /pay 307', 'POST /device-bound/refresh 200', 'POST /pay 200'])
  })

  test('deletes its key after a logout', async () => {
    await post('/logout', '')
    await page.goto(url('/account'))
    await vi.waitFor(() => expect(reports.join()).toContain('terminationEventDetails'))
    expect(await visit('/account')).toBe('nobody')
    expect(asked.filter((line) => line.includes('refresh'))).toHaveLength(1)
  })

  test('keeps the session over a restart', async () => {
    await context.close()
    skewMs += 60 * MINUTE
    await open()
    expect(await visit('/account')).toBe('ada')
    expect(asked.filter((line) => line.includes('refresh')).at(-1)).toBe('POST /device-bound/refresh 200')
  })
})

describe('a stolen session cookie', () => {
  test('opens nothing in a second browser, which can bind sessions too; the first browser notices nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thief-'))
    const thief = await launchBound(site, folder)
    try {
      const all = await context.cookies(url('/'))
      await thief.addCookies(all.filter(({ name }) => name !== COOKIE))
      const target = await thief.newPage()
      expect(await visit('/account', target)).toBe('nobody')
      expect(findings.at(-1)).toBe('device-proof-missing')
      // With both cookies it is open until the bound one expires.
      await thief.addCookies(all)
      expect(await visit('/account', target)).toBe('ada')
      skewMs += 11 * MINUTE
      expect(await visit('/account', target)).toBe('nobody')
      expect(await boundCookie(thief)).toBeUndefined()
    } finally {
      await thief.close()
      rmSync(folder, { recursive: true, force: true })
    }
    expect(await visit('/account')).toBe('ada')
  })
})

describe('an honest user', () => {
  test('is served by another server after a restart in the middle', async () => {
    startShop()
    await expire()
    expect(await visit('/account')).toBe('ada')
  })

  test('is served when the store is back: the browser keeps its key while the store is down', async () => {
    await expire()
    store.fail('read', { times: 4 })
    expect((await page.goto(url('/account')))?.status()).toBe(503)
    expect(asked).toContain('POST /device-bound/refresh 503')
    await vi.waitFor(async () => expect((await page.goto(url('/account')))?.status()).toBe(200), 10_000)
    expect(await page.textContent('p')).toBe('ada')
    expect(reports.join()).not.toContain('terminationEventDetails')
  })

  test('is served after a failover that lost the last refresh', async () => {
    const [info] = await sessions.list('ada')
    const kept = structuredClone(await store.read(info?.id as never))
    await expire()
    await visit('/account')
    if (kept?.kind !== 'live') throw new Error('There is no record.')
    await store.write(kept.id, { set: kept.data })
    expect(await visit('/account')).toBe('ada')
    expect(reports.join()).not.toContain('terminationEventDetails')
  })

  test('is served although the answer to the refresh was lost', async () => {
    await expire()
    refreshFails = 'lost'
    expect(await visit('/account')).toBe('ada')
    expect(findings).toEqual(['device-bound'])
  })

  test.each([15 * MINUTE, -15 * MINUTE])('is served by a server whose clock jumps by %d ms', async (jumpMs) => {
    skewMs += jumpMs
    expect(await post('/order', 'a book')).toBe(`200 ${ICON}<p>ada</p><i>a book</i>`)
    await expire()
    expect(await visit('/account')).toBe('ada')
  })

  test('logs in again if a proxy made the browser delete its key, and is bound anew', async () => {
    await expire()
    refreshFails = 404
    expect(await visit('/account')).toBe('nobody')
    refreshFails = null
    expect(await visit('/account')).toBe('nobody')
    await logIn()
    expect(findings.filter((one) => one === 'device-bound')).toHaveLength(2)
    expect(await visit('/account')).toBe('ada')
  })

  test('notices nothing in a browser that cannot bind sessions', async () => {
    const browser = await launchChromium()
    const plain = await browser.newContext({ ignoreHTTPSErrors: true })
    const target = await plain.newPage()
    await target.goto(url('/'))
    await target.getByRole('button').click()
    await target.waitForURL(url('/account'))
    skewMs += 20 * MINUTE
    expect(await visit('/account', target)).toBe('ada')
    expect((await plain.cookies()).map(({ name }) => name)).toEqual(['__Host-session'])
    await browser.close()
  })
})
