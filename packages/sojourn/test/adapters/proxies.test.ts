import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { request as send } from 'node:https'
import { text } from 'node:stream/consumers'
import { createSessions, describeDevice } from 'sojourn'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { without } from '../../../../tools/servers.mjs'
import { HOST, PROXIES, type ProxyName, settingsOf, startWebProxy } from '../support/servers/web-proxies.ts'
import { BACKENDS, type StartBackend } from './support/behind-a-proxy.ts'
import { spyGuard } from './support/spy-guard.ts'

/** Another address of this machine than that of the proxies. */
const CLIENT = '127.0.0.2'
const PROXY = '127.0.0.1'

const isLeftOut = without().includes('nginx')

const closing: (() => unknown)[] = []
beforeEach(() => void vi.stubEnv('NODE_ENV', 'production'))
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const close of closing.splice(0).reverse()) await close()
})

interface Answer {
  readonly status: number
  readonly body: string
  readonly cookie: string
}

interface Setup {
  readonly trust?: number | false
  /** In place of what the page shows. */
  readonly settings?: string
}

async function setUp(proxy: ProxyName, startBackend: StartBackend, { trust = 1, settings }: Setup = {}) {
  const spy = spyGuard()
  const warnings: string[] = []
  const sessions = createSessions({
    guards: [spy.guard],
    describeDevice: describeDevice({ ip: 'full' }),
    warn: (message) => warnings.push(message),
  })
  const backend = await startBackend(sessions, trust)
  closing.push(() => backend.close())
  const { port, stop } = await startWebProxy(proxy, backend.port, settings)
  closing.push(stop)
  const host = `${HOST}:${port}`
  const own = { origin: `https://${host}` }

  async function post(headers: Readonly<Record<string, string>>): Promise<Answer> {
    const request = send({
      ...{ host: PROXY, port, localAddress: CLIENT, servername: HOST, rejectUnauthorized: false, agent: false },
      ...{ method: 'POST', headers: { host, 'content-length': 0, ...headers } },
    }).end()
    const [response] = await once(request, 'response')
    const { 'set-cookie': set = [] } = response.headers as IncomingHttpHeaders
    return { status: response.statusCode, body: await text(response), cookie: set.join('\n') }
  }

  async function chat(headers: Readonly<Record<string, string>>): Promise<string | number> {
    const socket = new WebSocket(`wss://${PROXY}:${port}/chat`, {
      ...{ localAddress: CLIENT, servername: HOST, rejectUnauthorized: false, headers: { host, ...headers } },
    })
    socket.on('error', () => {})
    closing.push(() => socket.terminate())
    return new Promise((resolve) => {
      socket.once('message', (data) => resolve(String(data)))
      socket.once('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
    })
  }

  const seen = () => spy.views.map(({ secure, peer }) => ({ secure, peer }))
  return { post, chat, own, warnings, seen }
}

const PAIRS = PROXIES.filter((proxy) => !without().includes(proxy)).flatMap((proxy) =>
  Object.entries(BACKENDS).map(([name, startBackend]) => [proxy, name, startBackend] as const),
)

describe.each(PAIRS)('%s, set up as the page says, before %s', (proxy, _name, startBackend) => {
  test('the application sees the client, takes its forms and refuses those of other sites', async () => {
    const { post, chat, own, warnings, seen } = await setUp(proxy, startBackend)

    const honest = await post(own)
    expect(honest).toMatchObject({ status: 200, body: `hello ada ${CLIENT}` })
    expect(honest.cookie).toMatch(/^__Host-session=(?=.*; Path=\/)(?=.*; Secure)(?=.*; HttpOnly)(?=.*; SameSite=Lax)/)
    // Headers that the client itself sends change nothing.
    const forged = { 'x-forwarded-for': '203.0.113.66', 'x-forwarded-proto': 'http' }
    expect(await post({ ...own, ...forged })).toMatchObject({ status: 200, body: `hello ada ${CLIENT}` })
    expect(seen()).toEqual(Array(2).fill({ secure: true, peer: CLIENT }))
    expect(await post({ origin: 'https://evil.example' })).toMatchObject({ status: 403, cookie: '' })
    expect(await post({ ...own, 'sec-fetch-site': 'same-site' })).toMatchObject({ status: 403, cookie: '' })

    const cookie = honest.cookie.split(';')[0] ?? ''
    expect(await chat({ ...own, cookie })).toBe('hello ada')
    expect(await chat({ origin: 'https://evil.example', cookie })).toBe(403)
    expect(warnings.filter((message) => !message.includes('no store is configured'))).toEqual([])
  })
})

/** The page's lines, but for those with this in them. */
function settingsWithout(proxy: ProxyName, word: string): string {
  return settingsOf(proxy)
    .split('\n')
    .filter((line) => !line.includes(word))
    .join('\n')
}

const toldOf = (warnings: readonly string[]) =>
  warnings.filter((message) => message.includes('browsers may drop the cookie'))

describe.skipIf(isLeftOut).each(Object.entries(BACKENDS))(
  'a proxy that is set up wrongly before %s',
  (_name, startBackend) => {
    test('the proxy is not trusted: the cookie is sent, with a warning', async () => {
      const { post, own, warnings } = await setUp('nginx', startBackend, { trust: false })
      expect(await post(own)).toMatchObject({
        status: 200,
        body: `hello ada ${PROXY}`,
        cookie: expect.stringMatching(/^__Host-session=/),
      })
      expect(toldOf(warnings)).toEqual([
        expect.stringContaining('a proxy reports HTTPS, but is not trusted. If the proxy is yours, set trustProxy'),
      ])
    })

    test('X-Forwarded-Proto is not sent: the warning names it', async () => {
      const { post, own, warnings } = await setUp('nginx', startBackend, {
        settings: settingsWithout('nginx', 'X-Forwarded-Proto'),
      })
      expect(await post(own)).toMatchObject({
        status: 200,
        body: `hello ada ${CLIENT}`,
        cookie: expect.stringMatching(/^__Host-session=/),
      })
      expect(toldOf(warnings)).toEqual([expect.stringContaining('configure it to send X-Forwarded-Proto')])
    })

    test('an inner proxy overwrites X-Forwarded-Proto: the warning names the second proxy', async () => {
      const settings = `${settingsWithout('nginx', 'X-Forwarded-Proto')}\nproxy_set_header X-Forwarded-Proto http;`
      const { post, own, warnings } = await setUp('nginx', startBackend, { settings })
      expect(await post(own)).toMatchObject({ status: 200, cookie: expect.stringMatching(/^__Host-session=/) })
      expect(toldOf(warnings)).toEqual([expect.stringContaining('behind two proxies')])
    })

    test('more proxies are trusted than there are: a client chooses its address, in every framework alike', async () => {
      const { post, own } = await setUp('nginx', startBackend, { trust: 2 })
      expect(await post(own)).toMatchObject({ body: `hello ada ${CLIENT}` })
      expect(await post({ ...own, 'x-forwarded-for': '203.0.113.66' })).toMatchObject({
        body: 'hello ada 203.0.113.66',
      })
    })

    test('Host is not passed on: the refusal names it', async () => {
      const { post, own, warnings } = await setUp('nginx', startBackend, { settings: settingsWithout('nginx', 'Host') })
      const { status, body } = await post(own)
      expect(status).toBe(403)
      expect(body).toContain('configure the proxy to pass Host on with its port')
      expect(await post({ ...own, 'sec-fetch-site': 'same-origin' })).toMatchObject({
        status: 200,
        cookie: expect.stringMatching(/^__Host-session=/),
      })
      expect(toldOf(warnings)).toEqual([expect.stringContaining('Configure the proxy to pass Host on')])
    })
  },
)

test.skipIf(isLeftOut)('two proxies: the inner one passes the scheme on, and both are counted', async () => {
  for (const [trust, address] of [
    [2, CLIENT],
    [1, PROXY],
  ] as const) {
    const spy = spyGuard()
    const sessions = createSessions({ guards: [spy.guard], describeDevice: describeDevice({ ip: 'full' }) })
    const backend = await (BACKENDS['node:http'] as StartBackend)(sessions, trust)
    closing.push(() => backend.close())
    const passed = `${settingsWithout('nginx', 'X-Forwarded-Proto')}\nproxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;`
    const inner = await startWebProxy('nginx', backend.port, passed)
    closing.push(inner.stop)
    const outer = await startWebProxy('nginx', inner.port, `${settingsOf('nginx')}\nproxy_ssl_verify off;`, 'https')
    closing.push(outer.stop)
    const request = send({
      ...{ host: PROXY, port: outer.port, localAddress: CLIENT, servername: HOST, rejectUnauthorized: false },
      ...{ method: 'POST', agent: false, headers: { host: `${HOST}:${outer.port}`, 'content-length': 0 } },
    }).end()
    const [response] = await once(request, 'response')
    expect(await text(response)).toBe(`hello ada ${address}`)
    expect(spy.views.map(({ secure }) => secure)).toEqual([true])
  }
})
