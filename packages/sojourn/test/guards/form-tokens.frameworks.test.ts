import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import formbody from '@fastify/formbody'
import { serve } from '@hono/node-server'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { type FormTokensGuard, formTokens } from 'sojourn/guards/form-tokens'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { toNodeHandler } from 'sojourn/node'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

interface App {
  readonly forms: FormTokensGuard
  readonly sessions: ReturnType<typeof createSessions>
  /** Whether the application checks the field, as the documents say. */
  readonly checks: boolean
}

type Start = (app: App) => Promise<{ origin: string; close(): unknown }>

async function listen(server: Server): Promise<{ origin: string; close(): unknown }> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

function startExpress(create: typeof express): Start {
  return ({ forms, sessions, checks }) => {
    const app = create()
    app.use(create.urlencoded({ extended: false }), create.json())
    app.use(expressSessions(sessions))
    if (checks) {
      app.use((req, _res, next) => {
        forms.assert(req.session, req.body)
        next()
      })
    }
    app.get('/form', (req, res) => void res.send(forms.token(req.session)))
    app.post('/login', (req, res, next) => {
      req.session.login('ada').then(() => res.end('logged in'), next)
    })
    app.post('/buy', (req, res) => void res.end(`${req.session.userId} bought`))
    app.use((error: { status?: number; message: string }, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(error.status ?? 500).end(error.message)
    })
    return listen(createServer(app))
  }
}

const FRAMEWORKS: Readonly<Record<string, Start>> = {
  'Express 5': startExpress(express),
  'Express 4': startExpress(express4 as never),
  async Fastify({ forms, sessions, checks }) {
    const app = Fastify()
    app.register(formbody)
    app.register(fastifySessions, { sessions })
    if (checks) app.addHook('preHandler', async ({ session, body }) => forms.assert(session, body))
    app.get('/form', async (request) => forms.token(request.session))
    app.post('/login', async ({ session }) => {
      await session.login('ada')
      return 'logged in'
    })
    app.post('/buy', async ({ session }) => `${session.userId} bought`)
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    return { origin, close: () => app.close() }
  },
  Koa({ forms, sessions, checks }) {
    const app = new Koa()
    app.silent = true
    // Koa leaves bodies to packages.
    app.use(async (ctx, next) => {
      const type = ctx.request.is('urlencoded', 'json')
      const body = type ? await text(ctx.req) : ''
      ctx.state.body = type === 'urlencoded' ? Object.fromEntries(new URLSearchParams(body)) : null
      await next()
    })
    app.use(koaSessions(sessions))
    if (checks) {
      app.use((ctx, next) => {
        forms.assert(ctx.session, ctx.state.body)
        return next()
      })
    }
    app.use(async (ctx) => {
      if (ctx.path === '/form') ctx.body = forms.token(ctx.session)
      else if (ctx.path === '/login') {
        await ctx.session.login('ada')
        ctx.body = 'logged in'
      } else ctx.body = `${ctx.session.userId} bought`
    })
    return listen(createServer(app.callback()))
  },
  async Hono({ forms, sessions, checks }) {
    const app = new Hono()
    app.use(honoSessions(sessions))
    if (checks) {
      app.use(async (c, next) => {
        forms.assert(c.var.session, await c.req.parseBody())
        await next()
      })
    }
    app.get('/form', (c) => c.text(forms.token(c.var.session)))
    app.post('/login', async (c) => {
      await c.var.session.login('ada')
      return c.text('logged in')
    })
    app.post('/buy', async (c) => {
      await c.req.text()
      return c.text(`${c.var.session.userId} bought`)
    })
    const server = await new Promise<Server>((listening) => {
      const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => listening(started as Server))
    })
    return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
  },
  fetch({ forms, sessions, checks }) {
    const handle = withSession(sessions, async (request, session) => {
      const { pathname } = new URL(request.url)
      const isForm = /form/.test(request.headers.get('content-type') ?? '')
      if (checks) forms.assert(session, isForm ? await request.formData() : null)
      if (pathname === '/form') return new Response(forms.token(session))
      if (pathname === '/login') await session.login('ada')
      return new Response(pathname === '/login' ? 'logged in' : `${session.userId} bought`)
    })
    return listen(createServer(toNodeHandler(handle)))
  },
}

/** A client with one jar for cookies, as a browser on the page's own origin. */
async function visit(start: Start, checks = true) {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const forms = formTokens()
  const sessions = createSessions({ guards: [forms], warn: () => {} })
  const denied: string[] = []
  sessions.on('denied', ({ reason }) => void denied.push(reason))
  const { origin, close } = await start({ forms, sessions, checks })
  onTestFinished(async () => {
    vi.restoreAllMocks()
    await close()
    await sessions.close()
  })
  const jar = new Map<string, string>()
  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
    const headers = { cookie, origin, ...(init.headers as Record<string, string>) }
    const response = await fetch(`${origin}${path}`, { ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  const say = async (response: Promise<Response>): Promise<string> =>
    `${(await response).status} ${await (await response).text()}`
  return {
    jar,
    denied,
    page: async () => (await request('/form')).text(),
    load: () => request('/form'),
    post: (path: string, fields: Record<string, string>) =>
      say(request(path, { method: 'POST', body: new URLSearchParams(fields) })),
    upload(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
      const body = new FormData()
      for (const [name, value] of Object.entries(fields)) body.set(name, value)
      return say(request(path, { method: 'POST', body, headers }))
    },
    script: (path: string, headers: Record<string, string>) =>
      say(
        request(path, {
          method: 'POST',
          body: '{"amount":1}',
          headers: { 'content-type': 'application/json', ...headers },
        }),
      ),
  }
}

describe.each(Object.entries(FRAMEWORKS))('form tokens on %s', (name, start) => {
  test('a form and a script work, before a login and after it; without the token, each is refused with a text', async () => {
    const { page, post, script, jar, denied } = await visit(start)
    expect(await post('/login', { user: 'ada' })).toMatch(/^403 .*no form token/)
    expect(await script('/login', {})).toMatch(/^403 .*no form token/)
    const login = await page()
    expect([...jar.keys()]).toEqual(['form-tokens'])
    expect(await post('/login', { _csrf: login })).toBe('200 logged in')
    expect([...jar.keys()]).toEqual(['session'])
    // Another tab shows the login form still.
    expect(await post('/login', { _csrf: login })).toMatch(/^403 .*Reload the page/)
    const token = await page()
    expect(await post('/buy', { _csrf: token })).toBe('200 ada bought')
    expect(await script('/buy', { 'x-csrf-token': token })).toBe('200 ada bought')
    expect(await script('/buy', { 'x-csrf-token': login })).toMatch(/^403 .*Reload the page/)
    expect(denied).toEqual(['form-token-missing', 'form-token-missing', 'form-token-wrong', 'form-token-wrong'])
  })

  test('the page is kept by no cache', async () => {
    const { load } = await visit(start)
    const { headers } = await load()
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['no-store', 'Cookie'])
  })

  test('an upload with the token in the header works, whoever parses its body', async () => {
    if (name === 'Fastify') return expect(Fastify().hasContentTypeParser('multipart/form-data')).toBe(false)
    const { page, post, upload } = await visit(start)
    await post('/login', { _csrf: await page() })
    const token = await page()
    expect(await upload('/buy', { file: 'x' }, { 'x-csrf-token': token })).toBe('200 ada bought')
    const parses = name === 'Hono' || name === 'fetch'
    expect(await upload('/buy', { _csrf: token })).toMatch(parses ? '200 ada bought' : /^403 .*no form token/)
    expect(await upload('/buy', {})).toMatch(/^403 .*no form token/)
  })

  test('an application that forgets the check refuses every form, and says what is missing', async () => {
    const { page, post, script } = await visit(start, false)
    const token = await page()
    for (const fields of [{ _csrf: token }, {}] as Record<string, string>[]) {
      expect(await post('/login', fields)).toMatch(/^403 .*Call forms\.assert\(session, body\)/)
      expect(await post('/buy', fields)).toMatch(/^403 .*Call forms\.assert/)
    }
    expect(await script('/login', { 'x-csrf-token': token })).toBe('200 logged in')
  })
})
