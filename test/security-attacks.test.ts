/** Attacks of SECURITY.md that need no browser, over HTTP against a running server. Those that need one are tests of the shop. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createSessions, memoryStore, type SessionId, type SessionRecord, type SessionsOptions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { rateLimits } from 'sojourn/guards/rate-limits'
import { afterEach, describe, expect, test } from 'vitest'
import { type HookedStore, hookStore } from '../packages/sojourn/test/core/kit-store.ts'

const COOKIE = '__Host-session'
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The cookie that the response sets, as a client sends it. `''`: none. */
  readonly cookie: string
}

interface Site {
  readonly port: number
  readonly store: HookedStore
  ask(line: string, headers?: Readonly<Record<string, string>>): Promise<Reply>
  /** Logs in; resolves with the cookie. */
  login(user: string, headers?: Readonly<Record<string, string>>): Promise<string>
}

/** The ids of the records that were made. */
function idsIn({ calls }: HookedStore): SessionId[] {
  return calls.filter(({ operation }) => operation === 'create').map(({ args }) => (args[0] as SessionRecord).id)
}

async function startSite(options: Partial<SessionsOptions<Record<string, unknown>>> = {}): Promise<Site> {
  const store = hookStore(memoryStore())
  const sessions = createSessions({ ...options, store, warn: () => {} })
  const app = express()
  // A proxy that terminates TLS is in front.
  app.set('trust proxy', true)
  app.use(expressSessions(sessions))
  app.post('/login/:user', async (req, res) => {
    await req.session.login(req.params.user)
    res.end()
  })
  app.post('/cart', (req, res) => {
    req.session.data.cart = 'secret-of-the-cart'
    res.end()
  })
  app.post('/end/:id', async (req, res) => res.json(await req.session.revokeDevice(req.params.id)))
  app.get('/id', (req, res) => res.send(req.session.id))
  app.get('/account', (req, res) => res.status(req.session.userId === null ? 401 : 200).send(req.session.userId))
  // It is for everybody, but the response that replaces a token is not.
  app.get('/style.css', (_req, res) => {
    res.set('cache-control', 'public, max-age=3600').send('body { color: teal }')
  })
  const server = createServer(app)
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo

  const ask: Site['ask'] = async (line, headers = {}) => {
    const [method = '', path = ''] = line.split(' ')
    const sent = request({ port, method, path, headers: { 'x-forwarded-proto': 'https', ...headers } })
    sent.end()
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) =>
      sent.on('response', resolve).on('error', reject),
    )
    const cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response), cookie }
  }
  return {
    port,
    store,
    ask,
    async login(user, headers) {
      const { cookie } = await ask(`POST /login/${user}`, headers)
      expect((await ask('GET /account', { cookie })).body).toBe(user)
      return cookie
    },
  }
}

const madeUp = (bytes: number): string => randomBytes(bytes).toString('base64url')

describe('somebody who guesses tokens', () => {
  test('guess: a thousand made-up tokens open nothing, create nothing and get no cookie', async () => {
    const site = await startSite()
    await site.login('ada')
    for (let i = 0; i < 1000; i++) {
      const { status, cookie } = await site.ask('GET /account', { cookie: `${COOKIE}=${madeUp(40)}` })
      expect([status, cookie]).toEqual([401, ''])
    }
    expect(idsIn(site.store).length).toBe(1)
  })

  test('guess: the locator of a real token with another secret opens nothing', async () => {
    const site = await startSite()
    const value = (await site.login('ada')).slice(COOKIE.length + 1)
    const locator = Buffer.from(value, 'base64url').subarray(0, 16)
    for (let i = 0; i < 100; i++) {
      const guess = Buffer.concat([locator, randomBytes(24)]).toString('base64url')
      expect((await site.ask('GET /account', { cookie: `${COOKIE}=${guess}` })).status).toBe(401)
    }
  })

  test('malformed tokens, and with keys also forged ones, reach no store', async () => {
    const site = await startSite({ keys: [randomBytes(32)] })
    const before = site.store.count('read')
    for (let i = 0; i < 100; i++) {
      for (const guess of [madeUp(40), madeUp(47), madeUp(3), 'a'.repeat(64)])
        expect((await site.ask('GET /account', { cookie: `${COOKIE}=${guess}` })).status).toBe(401)
    }
    expect(site.store.count('read')).toBe(before)
  })
})

describe('a sibling domain, somebody on the same network', () => {
  test('cookie tossing: with a planted token beside the victim’s, in any order, nobody is logged in', async () => {
    const site = await startSite()
    const [victim, planted] = [await site.login('ada'), await site.login('eve')]
    for (const cookie of [`${victim}; ${planted}`, `${planted}; ${victim}`])
      expect((await site.ask('GET /account', { cookie })).status).toBe(401)
  })

  test('cookie tossing: a planted cookie without the prefix that only this host can set is ignored', async () => {
    const site = await startSite()
    const planted = (await site.login('eve')).slice(COOKIE.length)
    for (const name of ['session', '__Secure-session', '__host-session', '__HOST-session'])
      expect((await site.ask('GET /account', { cookie: name + planted })).status).toBe(401)
  })

  test('fixation: a planted token of the attacker’s own session is replaced and ended when the victim logs in', async () => {
    const site = await startSite()
    const planted = await site.login('eve')
    const victim = await site.login('ada', { cookie: planted })
    expect(victim).not.toBe(planted)
    expect((await site.ask('GET /account', { cookie: planted })).status).toBe(401)
  })
})

describe('somebody who copied the store or a backup', () => {
  /** Every text of the store, and every pair of them: all that can be made of it without a hash being reversed. */
  async function copied(store: HookedStore): Promise<{ all: string; tokens: string[] }> {
    const records = await Promise.all(idsIn(store).map((id) => store.read(id)))
    const all = JSON.stringify(records, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : value,
    )
    const texts = [...new Set(all.match(/[\w-]{16,}/g))]
    const join = (...parts: string[]) =>
      Buffer.concat(parts.map((part) => Buffer.from(part, 'base64url'))).toString('base64url')
    return { all, tokens: [...texts, ...texts.flatMap((one) => texts.map((two) => join(one, two)))] }
  }

  test('stolen store: no text in it, and no pair of texts, is a token', async () => {
    const site = await startSite()
    const cookie = await site.login('ada')
    const { all, tokens } = await copied(site.store)
    expect(all).toContain('ada')
    expect(all).not.toContain(cookie.slice(COOKIE.length + 1))
    expect(tokens.length).toBeGreaterThan(3)
    for (const token of tokens)
      expect((await site.ask('GET /account', { cookie: `${COOKIE}=${token}` })).status).toBe(401)
  })

  test('stolen store: the data can be read from it, and with sealed it cannot', async () => {
    for (const sealed of [false, true]) {
      const site = await startSite({ sealed })
      await site.ask('POST /cart', { cookie: await site.login('ada') })
      expect((await copied(site.store)).all.includes('secret-of-the-cart')).toBe(!sealed)
    }
  })
})

describe('another user of the application', () => {
  test('an id that somebody else knows opens nothing, and ends nothing of another user', async () => {
    const site = await startSite()
    const [ada, eve] = [await site.login('ada'), await site.login('eve')]
    const { body: id } = await site.ask('GET /id', { cookie: ada })
    for (const token of [id, id + id, `${id}${madeUp(24)}`, Buffer.from(id).toString('base64url')])
      expect((await site.ask('GET /account', { cookie: `${COOKIE}=${token}` })).status).toBe(401)
    expect((await site.ask(`POST /end/${id}`, { cookie: eve })).body).toBe('false')
    expect((await site.ask('GET /account', { cookie: ada })).body).toBe('ada')
  })
})

describe('a shared cache or CDN', () => {
  /** A cache that keeps what `Cache-Control` allows. Like many, it pays no attention to `Vary`. */
  function cacheOf({ ask }: Site): Site['ask'] {
    const kept = new Map<string, Reply>()
    return async (line, headers) => {
      const reply = kept.get(line) ?? (await ask(line, headers))
      const control = reply.headers['cache-control'] ?? ''
      if (/public|max-age/.test(control) && !/no-store|private/.test(control)) kept.set(line, reply)
      return reply
    }
  }

  test('shared cache: nobody gets the token of another from it, although the application marks the response public', async () => {
    let now = Date.now()
    const site = await startSite({ clock: () => now })
    const cached = cacheOf(site)
    let cookie = await site.login('ada')
    let renewals = 0
    for (let visit = 0; visit < 6; visit++) {
      now += 25 * 60_000
      const reply = await cached(`GET /style.css?${visit}`, { cookie })
      if (reply.cookie !== '') {
        renewals++
        cookie = reply.cookie
      }
      expect((await cached(`GET /style.css?${visit}`)).cookie).toBe('')
    }
    expect(renewals).toBeGreaterThan(0)
  })
})

describe('somebody who floods the server', () => {
  test('flood: any bytes in the cookie header get a clean refusal, and the server goes on', async () => {
    const site = await startSite()
    const ada = await site.login('ada')
    for (let i = 0; i < 200; i++) {
      const bytes = randomBytes(1 + (i % 40) * 25).map((byte) => (byte < 32 || byte === 127 ? byte + 128 : byte))
      expect((await rawCookie(site.port, Buffer.from(bytes))).startsWith('HTTP/1.1 401')).toBe(true)
    }
    for (const value of ['%E0%A4%A', '__proto__', '{}', '"', ';;;=;=', 'a'.repeat(12_000), `x=1; `.repeat(2000)])
      expect((await site.ask('GET /account', { cookie: `${COOKIE}=${value}` })).status).toBe(401)
    expect((await site.ask('GET /account', { cookie: ada })).body).toBe('ada')
  })

  test('flood: requests that write nothing create no record', async () => {
    const site = await startSite()
    for (let i = 0; i < 500; i++) expect((await site.ask('GET /account')).cookie).toBe('')
    expect(idsIn(site.store).length).toBe(0)
  })

  test('flood: with rateLimits, a network that begins too many sessions or sends too many bad tokens gets 429, and users stay', async () => {
    const limit = { points: 20, duration: 60 }
    const site = await startSite({
      guards: [rateLimits({ creation: new RateLimiterMemory(limit), badTokens: new RateLimiterMemory(limit) })],
    })
    const ada = await site.login('ada', { 'x-forwarded-for': '198.51.100.9' })
    const statuses = async (line: string, address: string, cookie?: string) => {
      const seen = new Set<number>()
      for (let i = 0; i < 40; i++)
        seen.add((await site.ask(line, { 'x-forwarded-for': address, ...(cookie && { cookie }) })).status)
      return [...seen]
    }
    expect(await statuses('POST /cart', '198.51.100.1')).toEqual([200, 429])
    expect(await statuses('GET /account', '198.51.100.2', `${COOKIE}=${madeUp(40)}`)).toEqual([401, 429])
    expect(idsIn(site.store).length).toBeLessThan(30)
    for (const address of ['198.51.100.1', '198.51.100.2'])
      expect((await site.ask('GET /account', { cookie: ada, 'x-forwarded-for': address })).body).toBe('ada')
  })
})

/** A request as no client library sends it. Resolves with the beginning of the response. */
async function rawCookie(port: number, value: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    'GET /account HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Proto: https\r\nConnection: close\r\nCookie: ',
  )
  socket.write(Buffer.concat([Buffer.from(`${COOKIE}=`), value]))
  socket.write('\r\n\r\n')
  return (await text(socket)).slice(0, 20)
}
