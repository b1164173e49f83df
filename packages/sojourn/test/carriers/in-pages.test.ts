import express from 'express'
import { cookieCarrier, type HeaderChange, type RequestView, type Session } from 'sojourn'
import { bodyFieldCarrier } from 'sojourn/carriers/body-field'
import { formFieldCarrier } from 'sojourn/carriers/form-field'
import { insecurePathCarrier } from 'sojourn/carriers/insecure-path'
import { insecureQueryCarrier, type UrlCarrier } from 'sojourn/carriers/insecure-query'
import { expressSessions } from 'sojourn/express'
import { withSession } from 'sojourn/fetch'
import { describe, expect, it } from 'vitest'
import { createWorld, headerOf, MINUTE, rejection, setCookiesOf, type TestData } from '../core/kit.ts'
import { viewOf } from './views.ts'

const SHOP = 'https://shop.example'

interface Family {
  readonly title: string
  create(): UrlCarrier
  at(token: string): string
}

const FAMILIES: readonly Family[] = [
  { title: 'query', create: () => insecureQueryCarrier('sid'), at: (token) => `/cart?page=2&sid=${token}` },
  { title: 'path', create: () => insecurePathCarrier('sid'), at: (token) => `/cart;sid=${token}?page=2` },
]

describe.each(FAMILIES)('the carrier $title', ({ create, at }) => {
  function start() {
    const urls = create()
    const world = createWorld<TestData>({ carriers: [cookieCarrier(), urls] })
    const PAGE = '<a href="/next">next</a>'
    async function visit<T>(
      url: string,
      handler: (session: Session<TestData>) => T | Promise<T>,
      headers: Readonly<Record<string, string>> = {},
    ) {
      const exchange = await world.sessions.open(viewOf(SHOP + url, { headers }))
      const value = await handler(exchange.session)
      const page = exchange.answer === null ? await urls.rewrite(exchange.session, PAGE) : ''
      const changes: readonly HeaderChange[] = await exchange.commit()
      await exchange.finish()
      const token = /sid=([\w-]+)/.exec(page)?.[1] ?? null
      const [cookie = ''] = setCookiesOf(changes)
      return { value, page, token, changes, cookie: /^__Host-session=[^;]+/.exec(cookie)?.[0] ?? null }
    }
    const userAt = async (token: string, headers: Readonly<Record<string, string>> = {}) =>
      (await visit(at(token), ({ userId }) => userId, headers)).value
    const login = async () => visit('/login', (session) => session.login('ada'))
    return { urls, world, visit, userAt, login }
  }

  it('fixation: an anonymous session planted by its URL does not become the session of the victim who logs in', async () => {
    const { visit, userAt } = start()
    const planted = (await visit('/', ({ data }) => void Object.assign(data, { cart: ['milk'] }))).token ?? ''
    const after = await visit(at(planted), (session) => session.login('victim'))
    expect(await userAt(planted)).toBeNull()
    expect(after.token).not.toBe(planted)
    expect(await userAt(after.token ?? '')).toBe('victim')
  })

  it.each(['cross-site', 'same-site'])(
    'login forgery: a %s link with the token of the attacker logs nobody in',
    async (site) => {
      const { login, userAt, visit } = start()
      const attackers = (await login()).token ?? ''
      const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' }
      expect(await userAt(attackers, headers)).toBeNull()
      expect((await visit(at(attackers), () => null, headers)).cookie).toBeNull()
    },
  )

  it('forgery: a form of another site that posts to an address with a token is refused', async () => {
    const { world, login } = start()
    const token = (await login()).token ?? ''
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const { answer } = await world.sessions.open(viewOf(SHOP + at(token), { method: 'POST', headers }))
    expect(answer?.status).toBe(403)
    const old = await world.sessions.open(
      viewOf(SHOP + at(token), { method: 'POST', headers: { origin: 'https://evil.example' } }),
    )
    expect(old.answer?.status).toBe(403)
  })

  it('a planted URL does not replace the session in the cookie of the victim', async () => {
    const { world, login, visit } = start()
    const victim = world.client()
    await victim.send((session) => session.login('victim'))
    const attackers = (await login()).token ?? ''
    const seen = await visit(at(attackers), ({ userId }) => userId, { cookie: victim.cookie() })
    expect([seen.value, seen.token, seen.cookie]).toEqual(['victim', null, null])
  })

  it('a client that takes the cookie gets another token there, and the one in the URL dies', async () => {
    const { login, visit, userAt, world } = start()
    const { token, cookie } = await login()
    expect(cookie).not.toContain(token)
    const next = await visit(at(token ?? ''), ({ userId }) => userId, { cookie: cookie ?? '' })
    expect([next.value, next.token]).toEqual(['ada', null])
    world.clock.advance(3 * MINUTE)
    expect(await userAt(token ?? '')).toBeNull()
    expect((await visit('/', ({ userId }) => userId, { cookie: cookie ?? '' })).value).toBe('ada')
  })

  it('a token that arrives in a URL alone is exchanged for a cookie with another one', async () => {
    const { login, visit, userAt, world } = start()
    const token = (await login()).token ?? ''
    const { cookie } = await visit(at(token), () => null)
    expect(cookie).not.toBeNull()
    expect((await visit('/', ({ userId }) => userId, { cookie: cookie ?? '' })).value).toBe('ada')
    world.clock.advance(3 * MINUTE)
    expect(await userAt(token)).toBeNull()
  })

  it('a token that was never in a page, such as one that an app hands over, is exchanged too', async () => {
    const { visit, userAt, world } = start()
    const app = world.client()
    await app.send((session) => session.login('ada'))
    const token = app.token() ?? ''
    const { cookie } = await visit(at(token), () => null)
    expect(cookie).not.toBeNull()
    expect(cookie).not.toContain(token)
    await visit('/', () => null, { cookie: cookie ?? '' })
    world.clock.advance(3 * MINUTE)
    expect(await userAt(token)).toBeNull()
  })

  it('a client that takes no cookie stays logged in with the same links, in hours of renewals', async () => {
    const { login, visit, world } = start()
    let token = (await login()).token ?? ''
    for (let minutes = 0; minutes < 600; minutes += 20) {
      world.clock.advance(20 * MINUTE)
      const next = await visit(at(token), ({ userId }) => userId)
      expect(next.value).toBe('ada')
      expect(next.token).toBe(token)
      token = next.token ?? ''
    }
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('leaks: the response tells other sites no address, no cache keeps it, and no event contains the token', async () => {
    const { login, visit, world } = start()
    const token = (await login()).token ?? ''
    for (const one of [token, `${token}x`]) {
      const { changes } = await visit(at(one), ({ userId }) => userId)
      expect(headerOf(changes, 'referrer-policy')).toBe('no-referrer')
      expect(changes).toContainEqual({ name: 'cache-control', value: 'no-store', how: 'replace' })
    }
    expect(JSON.stringify(world.events)).not.toContain(token)
  })

  it('links and forms of other origins get no token', async () => {
    const { urls, world } = start()
    const { session } = await world.sessions.open(viewOf(`${SHOP}/a/b?x=1`))
    await session.login('ada')
    const foreign = [
      '<a href="https://evil.example/">',
      '<a href="//evil.example/">',
      '<a href="/\\evil.example">',
      '<a href="\\\\evil.example">',
      '<a href="/\t/evil.example">',
      '<a href="&#47;/evil.example">',
      '<a href="http://shop.example/">',
      '<a href="https://shop.example.evil.example/">',
      '<a href="https://shop.example@evil.example/">',
      '<a href="https://shop.example:8443/">',
      '<a href="javascript:alert(1)">',
      '<a href="mailto:a@shop.example">',
      '<a href="#top">',
      '<a href=//evil.example>',
      '<form action="https://evil.example/" method="post">',
      '<form action="//evil.example/">',
    ]
    for (const html of foreign) expect(await urls.rewrite(session, html), html).toBe(html)
    const based = '<base href="https://evil.example/"><a href="/next"><form action="x" method="post"><form>'
    expect(await urls.rewrite(session, based)).toBe(based)
    expect(await urls.toUrl(session, 'https://evil.example/')).toBe('https://evil.example/')
    expect(await urls.toUrl(session, '/next')).toContain('sid=')
    for (const html of [
      '<a href="/next?a=1&amp;b=2#c">',
      "<A class=x HREF='next'>",
      '<a href=next>',
      '<area href="https://shop.example/">',
      '<form action="/buy" method="post">',
      '<form method=post>',
      '<a title="a > b" href="?page=2">',
    ])
      expect(await urls.rewrite(session, html), html).toMatch(/sid=[\w-]{54}/)
    expect(await urls.rewrite(session, '<form action="/find">')).toMatch(/sid=[\w-]{54}|name="sid" value="[\w-]{54}"/)
  })

  it('strips and redacts tokens, and nothing else', () => {
    const urls = create()
    const token = 'A'.repeat(54)
    expect(urls.strip(at(token))).toBe('/cart?page=2')
    expect(urls.strip('/cart?page=2#x')).toBe('/cart?page=2#x')
    const line = `1.2.3.4 "GET ${at(token)} HTTP/1.1" 200 "https://shop.example${at(token)}" to=${encodeURIComponent(at(token))}`
    expect(urls.redact(line)).not.toContain(token)
    expect(urls.redact(line)).toContain('HTTP/1.1" 200')
    expect(urls.redact('GET /cart?inside=1')).toBe('GET /cart?inside=1')
  })

  it('a wrong order of carriers is an error, because an old address would hide the cookie', async () => {
    const urls = create()
    const { sessions } = createWorld({ carriers: [urls, cookieCarrier()] })
    const { session } = await sessions.open(viewOf(SHOP))
    expect((await rejection(urls.rewrite(session, ''))).code).toBe('ERR_OPTION')
  })
})

describe('carriers of fields', () => {
  const fields = formFieldCarrier('sid')
  const json = bodyFieldCarrier('token')

  it('Express: a form and a JSON client without cookies stay logged in, with the real parsers', async () => {
    const { sessions } = createWorld({ carriers: [json, cookieCarrier(), fields] })
    const app = express()
    app.use(express.urlencoded({ extended: false }), express.json(), expressSessions(sessions))
    app.post('/login', async (req, res) => {
      await req.session.login('ada')
      if (req.is('json')) return void res.json({ token: await json.issue(req.session) })
      res.send(await fields.field(req.session))
    })
    app.post('/me', async (req, res) => void res.send(`${req.session.userId} ${await fields.field(req.session)}`))
    const server = app.listen(0)
    const at = `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`
    const post = async (path: string, body: URLSearchParams | string, headers: Record<string, string> = {}) =>
      (await fetch(at + path, { method: 'POST', body, headers })).text()
    try {
      const field = await post('/login', new URLSearchParams())
      const sid = /value="([\w-]+)"/.exec(field)?.[1] ?? ''
      for (let each = 0; each < 3; each++) expect(await post('/me', new URLSearchParams({ sid }))).toBe(`ada ${field}`)
      const type = { 'content-type': 'application/json' }
      const { token } = JSON.parse(await post('/login', '{}', type)) as { readonly token: string }
      expect(await post('/me', JSON.stringify({ token }), type)).toBe('ada ')
      // A page of another site can send JSON as plain text, and a form.
      expect(await post('/me', JSON.stringify({ token }), { 'content-type': 'text/plain' })).toBe('null ')
      expect(await post('/me', new URLSearchParams({ token }))).toBe('null ')
      const planted = await fetch(`${at}/me`, {
        method: 'POST',
        body: new URLSearchParams({ sid }),
        headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      })
      expect(planted.status).toBe(403)
    } finally {
      server.close()
    }
  })

  it('fetch: the application gives the parser', async () => {
    const { sessions } = createWorld({ carriers: [cookieCarrier(), fields] })
    const handle = withSession(
      sessions,
      async (request, session) => {
        if (new URL(request.url).pathname === '/login') await session.login('ada')
        const form = await request.formData()
        return new Response(`${session.userId} ${form.get('x')} ${await fields.field(session)}`)
      },
      { body: (request) => request.clone().formData() },
    )
    const post = async (path: string, body: URLSearchParams) =>
      (await handle(new Request(SHOP + path, { method: 'POST', body }))).text()
    const page = await post('/login', new URLSearchParams({ x: '1' }))
    const sid = /value="([\w-]+)"/.exec(page)?.[1] ?? ''
    expect(await post('/me', new URLSearchParams({ x: '2', sid }))).toBe(`ada 2 ${/<.*>/.exec(page)?.[0]}`)
    expect(await post('/me', new URLSearchParams({ x: '2', sid: `${sid}x` }))).toContain('null 2')
  })

  it('fixation: a token planted in a form is not the token of the login', async () => {
    const { sessions } = createWorld<TestData>({ carriers: [cookieCarrier(), fields] })
    const open = async (body: object | undefined) => {
      const view = viewOf(SHOP, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
      return sessions.open({ ...view, body } as RequestView)
    }
    const first = await open(undefined)
    first.session.data.a = 1
    const sid = /value="([\w-]+)"/.exec(await fields.field(first.session))?.[1] ?? ''
    await first.commit()
    const second = await open({ sid })
    expect(second.session.isNew).toBe(false)
    await second.session.login('victim')
    await second.commit()
    expect((await open({ sid })).session.userId).toBeNull()
  })
})
