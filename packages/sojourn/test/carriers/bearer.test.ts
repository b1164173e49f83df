import { type CarrierContext, carrierCases } from '@sojourn/conformance'
import express from 'express'
import fc from 'fast-check'
import { type Carrier, cookieCarrier } from 'sojourn'
import { bearerCarrier, type ScriptCarrier } from 'sojourn/carriers/bearer'
import { headerCarrier } from 'sojourn/carriers/header'
import { expressSessions, requireUser } from 'sojourn/express'
import { describe, expect, it } from 'vitest'
import { createWorld, headerOf, MINUTE, rejection, setCookiesOf, type World } from '../core/kit.ts'
import { testCases } from '../support/run-cases.ts'
import { createScript, withHeaders } from './script-clients.ts'

const ONE = { presenting: 'one header, one token' }
const NONE = 'the header that tells the client to delete its token'

interface Family {
  readonly title: string
  create(): ScriptCarrier
  readonly header: string
  present(text: string): Readonly<Record<string, string>>
}

const FAMILIES: readonly Family[] = [
  {
    title: 'bearer',
    create: bearerCarrier,
    header: 'session-token',
    present: (text) => ({ authorization: `Bearer ${text}` }),
  },
  {
    title: 'header',
    create: () => headerCarrier('X-Session'),
    header: 'x-session',
    present: (text) => ({ 'x-session': text }),
  },
]

describe.each(FAMILIES)('the carrier $title', ({ create, header, present }) => {
  const context: CarrierContext = {
    createCarrier: () => create(),
    createClient: () => createScript(header, (token) => withHeaders(present(token))),
    without: ONE,
  }
  testCases('carrier cases', carrierCases, context)

  function start(beside: readonly Carrier[] = [cookieCarrier()]) {
    const carrier = create()
    const world: World<Record<string, unknown>> = createWorld({ carriers: [carrier, ...beside] })
    const open = async (token: string | null, more: Readonly<Record<string, string>> = {}) =>
      world.sessions.open(withHeaders({ ...(token === null ? {} : present(token)), ...more }))
    async function login(userId = 'ada'): Promise<string> {
      const { session, commit } = await open(null)
      await session.login(userId)
      const token = await carrier.issue(session)
      const headers = await commit()
      expect(headerOf(headers, header)).toBe(token)
      expect(setCookiesOf(headers)).toEqual([])
      return token
    }
    const userOf = async (token: string): Promise<string | null> => {
      const { session, commit } = await open(token)
      const { userId } = session
      await commit()
      return userId
    }
    return { carrier, world, open, login, userOf }
  }

  it('gives the token of a login in the body and in a header, in no cookie and in no cache', async () => {
    const { login, userOf, open, carrier } = start()
    expect(await userOf(await login())).toBe('ada')
    const { session, commit } = await open(null)
    await session.login('ada')
    await carrier.issue(session)
    const headers = await commit()
    expect(headerOf(headers, 'cache-control')).toBe('no-store')
    expect(headerOf(headers, 'access-control-expose-headers')).toBe(header)
  })

  it('a client that never looks at the response headers is not logged out, in days of renewals', async () => {
    const { world, login, open } = start()
    const token = await login()
    for (let hour = 0; hour < 11; hour++) {
      for (let minutes = 0; minutes < 60; minutes += 20) {
        const { session, commit } = await open(token)
        expect(session.userId).toBe('ada')
        await commit()
        world.clock.advance(20 * MINUTE)
      }
    }
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('a lost response of an explicit renewal logs nobody out, and the next one gives the same token', async () => {
    const { carrier, open, login, userOf, world } = start()
    const token = await login()
    const renewed: string[] = []
    for (let tries = 0; tries < 3; tries++) {
      const { session, commit } = await open(token)
      renewed.push(await carrier.issue(session))
      await commit()
      world.clock.advance(5 * MINUTE)
    }
    expect(new Set(renewed).size).toBe(1)
    expect(renewed[0]).not.toBe(token)
    expect(await userOf(renewed[0] ?? '')).toBe('ada')
    world.clock.advance(3 * MINUTE)
    expect(await userOf(token)).toBeNull()
    expect(world.eventsOf('reuse')).toHaveLength(1)
  })

  it('a client that renews in parallel with its own next token is not given the old one', async () => {
    const { carrier, open, login, userOf } = start()
    const token = await login()
    const first = await open(token)
    const next = await carrier.issue(first.session)
    await first.commit()
    await userOf(next)
    const late = await open(token)
    expect((await rejection(carrier.issue(late.session))).code).toBe('ERR_CONTENTION')
  })

  it('a script that asks for the token in the HttpOnly cookie of its user gets none', async () => {
    const { carrier, world, open } = start()
    const browser = world.client()
    await browser.send((session) => session.login('ada'))
    const { session } = await open(null, { cookie: browser.cookie() })
    expect(session.userId).toBe('ada')
    expect((await rejection(carrier.issue(session))).code).toBe('ERR_NOT_AUTHENTICATED')
  })

  it('a login that hands its token to a script clears the cookie of the session that it ends', async () => {
    const { carrier, world, open } = start()
    const browser = world.client()
    await browser.send((session) => session.login('ada'))
    const { session, commit } = await open(null, { cookie: browser.cookie() })
    await session.login('ada')
    const token = await carrier.issue(session)
    const headers = await commit()
    expect(headers.map(({ value }) => value).filter((value) => value.includes(token))).toHaveLength(1)
    expect(setCookiesOf(headers)).toEqual([expect.stringContaining('Max-Age=0')])
  })

  it('fixation: a token that an attacker knew before the login opens nothing after it', async () => {
    const { open, userOf, carrier } = start([])
    const before = await open(null)
    before.session.data.cart = ['milk']
    const planted = headerOf(await before.commit(), header) ?? ''
    const { session, commit } = await open(planted)
    await session.login('ada')
    const token = await carrier.issue(session)
    await commit()
    expect(await userOf(planted)).toBeNull()
    expect(await userOf(token)).toBe('ada')
  })

  it('a malformed, ended or made-up token falls back to no cookie', async () => {
    const { open, world, login } = start()
    const browser = world.client()
    await browser.send((session) => session.login('ada'))
    const ended = await login('bob')
    const { session, commit } = await open(ended)
    await session.logout()
    expect(headerOf(await commit(), header), NONE).toBe('none')
    for (const text of ['', 'x', 'undefined', 'null', ended, `${ended}, ${ended}`, `${'A'.repeat(54)}`]) {
      const { session: other } = await open(text, { cookie: browser.cookie() })
      expect(other.userId, text).toBeNull()
      expect(other.refused, text).not.toBeNull()
    }
  })

  it('property: any text as a token: no throw, no store read, nothing of it in the answer', async () => {
    const { open, world } = start([])
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
        fc.pre(!/^ *[\w-]{53}[AQgw]$/.test(text))
        const { session, commit, finish } = await open(text)
        expect(session.userId).toBeNull()
        expect(session.refused).toBe('malformed')
        for (const { value } of await commit()) expect(value).toMatch(/^[\t\x20-\x7e]*$/)
        await finish()
        expect(world.store.calls).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

describe('bearerCarrier', () => {
  it('leaves other schemes alone, and takes its own in any case', () => {
    const read = (authorization: string) => bearerCarrier().read(withHeaders({ authorization })).values
    expect(read('Basic YWRhOng=')).toEqual([])
    expect(read('DPoP abc')).toEqual([])
    expect(read('Bearerabc')).toEqual([])
    expect(read('bEARER   abc')).toEqual(['abc'])
    expect(read('Bearer')).toEqual([''])
  })

  it.each(['set-cookie', 'a b', '', 'access-control-allow-origin', 'x'.repeat(101), 'cache-control'])(
    'refuses the response header %j',
    async (responseHeader) => {
      expect((await rejection(() => bearerCarrier({ responseHeader }))).code).toBe('ERR_OPTION')
    },
  )

  it('an API answers 401 with a challenge, and with an error only if a token was presented (RFC 6750, section 3.1)', async () => {
    const bearer = bearerCarrier()
    const { sessions } = createWorld({ carriers: [bearer] })
    const app = express()
    app.use(expressSessions(sessions))
    app.post('/login', async (req, res) => {
      await req.session.login('ada')
      res.json({ token: await bearer.issue(req.session) })
    })
    app.post('/renew', async (req, res) => void res.json({ token: await bearer.issue(req.session) }))
    app.get('/me', requireUser(), (req, res) => void res.send(req.session.userId))
    const server = app.listen(0)
    const { port } = server.address() as { readonly port: number }
    const at = `http://127.0.0.1:${port}`
    try {
      const ask = (token?: string) =>
        fetch(`${at}/me`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
      const nothing = await ask()
      expect([nothing.status, nothing.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      const bad = await ask('made-up')
      expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringMatching(/^Bearer error="invalid_token"/),
      ])
      const { token } = (await (await fetch(`${at}/login`, { method: 'POST' })).json()) as { readonly token: string }
      expect(await (await ask(token)).text()).toBe('ada')
      const headers = { authorization: `Bearer ${token}` }
      const renewed = (await (await fetch(`${at}/renew`, { method: 'POST', headers })).json()) as {
        readonly token: string
      }
      expect(renewed.token).not.toBe(token)
      expect(await (await ask(renewed.token)).text()).toBe('ada')
      expect((await fetch(`${at}/renew`, { method: 'POST' })).status).toBe(401)
    } finally {
      server.close()
    }
  })
})

describe('headerCarrier', () => {
  it.each(['accept', 'Content-Type', 'cookie', 'authorization', 'x-forwarded-for', 'sec-session', 'range', 'a:b', ''])(
    'refuses the name %j, which pages can plant or which means something else',
    async (name) => {
      expect((await rejection(() => headerCarrier(name))).code).toBe('ERR_OPTION')
    },
  )
})
