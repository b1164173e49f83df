import type { Sessions } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Client, createClient, type Fetch } from './docs/client.ts'
import { type Running, runSnippet } from './docs/run.ts'
import { snippetsOf } from './docs/snippets.ts'

async function runFile(page: string, name: string): Promise<Running> {
  const snippets = snippetsOf(page)
  const found = snippets.find((snippet) => snippet.name === name)
  if (found === undefined) throw new Error(`${page} shows no ${name}`)
  return runSnippet(found, snippets)
}

const form = (fields: Record<string, string>): URLSearchParams => new URLSearchParams(fields)
const login = form({ name: 'ada', password: 'correct horse battery staple' })

describe('the application of the guide', () => {
  let running: Running
  let later = 0
  /** A browser: it asks for pages. */
  const visitor = (): Client =>
    createClient(running.origins[0] ?? '', (request) => {
      request.headers.set('accept', 'text/html')
      return fetch(request)
    })

  async function loggedIn(): Promise<Client> {
    const client = visitor()
    await client.post('/login', login)
    return client
  }

  async function read(client: Client, path: string): Promise<string> {
    return (await client.get(path)).text()
  }

  /** Follows redirects, as a browser does, and returns where it ended. */
  async function follow(client: Client, answer: Response): Promise<{ path: string; text: string }> {
    const path = answer.headers.get('location') ?? ''
    const next = await client.get(path)
    if (next.status >= 300 && next.status < 400) return follow(client, next)
    return { path, text: await next.text() }
  }

  beforeAll(async () => {
    const now = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => now() + later)
    running = await runFile('docs/guide/first-app.md', 'server.ts')
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await running.stop()
  })

  test('lets nobody in who is not logged in', async () => {
    const answer = await visitor().get('/account')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?returnTo=%2Faccount'])
  })

  test('every page is a whole one, and fits a phone', async () => {
    const client = await loggedIn()
    for (const path of ['/', '/login', '/account', '/account/confirm', '/account/password']) {
      const text = await read(client, path)
      expect(text, path).toMatch(/^<!doctype html>\n<html lang="en">/)
      expect(text, path).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
      expect(text, path).toContain('color-scheme: light dark')
    }
  })

  test('refuses a wrong password, says so, and stores nothing for it', async () => {
    const client = visitor()
    const answer = await client.post('/login', form({ name: 'ada', password: 'wrong' }))
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('The name or the password is wrong')
    expect(client.cookies.size).toBe(0)
  })

  test('keeps the cart through the login, and loses nothing of what two tabs add at once', async () => {
    const client = visitor()
    await client.post('/cart', form({ item: 'lamp' }))
    await client.post('/login', login)
    await Promise.all(['map', 'mug'].map((item) => client.post('/cart', form({ item }))))
    const page = await read(client, '/')
    for (const item of ['lamp', 'map', 'mug']) expect(page).toContain(`<li>${item}</li>`)
    const emptied = await follow(client, await client.post('/cart/empty'))
    expect(emptied.text).toContain('The cart is empty now.')
    expect(emptied.text).toContain('It is empty.')
  })

  test('what a visitor puts into the cart is text, not HTML', async () => {
    const client = visitor()
    await client.post('/cart', form({ item: '<img src=x onerror=alert(1)>' }))
    expect(await read(client, '/')).toContain('<li>&lt;img src=x onerror=alert(1)&gt;</li>')
  })

  test('shows the devices, and ends one from another', async () => {
    const [one, two] = [await loggedIn(), await loggedIn()]
    const ids = [...(await read(one, '/account')).matchAll(/devices\/([\w-]+)\/end/g)].map(([, id]) => id)
    expect(ids.length).toBeGreaterThan(0)
    for (const id of ids) await one.post(`/account/devices/${id}/end`)
    expect(await read(one, '/account')).toContain('The device is logged out.')
    expect((await two.get('/account')).status).toBe(303)
  })

  test('changes the password right after the login, says so, and ends the other sessions', async () => {
    const [one, two] = [await loggedIn(), await loggedIn()]
    expect(await read(one, '/account/password')).toContain('New password')
    const { path, text } = await follow(one, await one.post('/account/password', login))
    expect(path).toBe('/account')
    expect(text).toContain('Your password is changed.')
    expect((await two.get('/account')).status).toBe(303)
  })

  test('asks for the password before it shows the form, and leads back to it', async () => {
    const client = await loggedIn()
    later += 6 * 60_000
    const asked = await follow(client, await client.get('/account/password'))
    expect(asked.path).toBe('/account/confirm?returnTo=%2Faccount%2Fpassword')
    expect(asked.text).toContain('Enter your current password first. Nothing has changed yet.')
    const before = client.cookies.get('session')
    const wrong = await client.post('/account/confirm', form({ password: 'wrong' }))
    expect([wrong.status, await wrong.text()]).toEqual([401, expect.stringContaining('This password is wrong.')])
    expect(client.cookies.get('session')).toBe(before)
    const { path, text } = await follow(client, await client.post(asked.path, login))
    expect(client.cookies.get('session')).not.toBe(before)
    expect(path).toBe('/account/password')
    expect(text).toContain('Thank you. Please continue.')
    expect(await read(client, '/account/password')).not.toContain('Thank you')
  })

  test('a form that stayed open too long changes nothing, and says so', async () => {
    const client = await loggedIn()
    later += 6 * 60_000
    const { path, text } = await follow(
      client,
      await client.post('/account/password', form({ password: 'stale form' })),
    )
    expect(path).toBe('/account/confirm')
    expect(text).toContain('Nothing has changed yet.')
    expect((await visitor().post('/login', form({ name: 'ada', password: 'stale form' }))).status).toBe(401)
  })

  test('remembers users who ask for it', async () => {
    const answer = await visitor().post('/login', form({ ...Object.fromEntries(login), remember: 'on' }))
    expect(answer.headers.get('set-cookie')).toMatch(/Max-Age=(2592000|259199\d);/)
    expect((await visitor().post('/login', login)).headers.get('set-cookie')).not.toContain('Max-Age')
  })

  test('logs out here, or everywhere', async () => {
    const [one, two, three] = [await loggedIn(), await loggedIn(), await loggedIn()]
    expect((await one.post('/logout')).headers.get('location')).toBe('/login')
    expect((await two.get('/account')).status).toBe(200)
    await two.post('/logout', form({ everywhere: '' }))
    expect((await three.get('/account')).status).toBe(303)
  })

  test('a token put back after the logout opens nothing', async () => {
    const client = await loggedIn()
    const kept = `session=${client.cookies.get('session')}`
    await client.post('/logout')
    expect((await visitor().get('/account', { cookie: kept })).status).toBe(303)
  })

  test('a form on another site does nothing', async () => {
    const client = await loggedIn()
    expect((await client.post('/logout', undefined, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await client.get('/account')).status).toBe(200)
  })
})

describe('every framework of the guide', () => {
  const page = 'docs/guide/other-frameworks.md'
  const files = [
    'express.ts',
    'fastify.ts',
    'hono.ts',
    'koa.ts',
    'fetch.ts',
    'fetch-on-node.ts',
    'node.ts',
    'connect.ts',
  ]
  const nest = 'docs/guide/nestjs.md'

  test.each<readonly [string, string]>([
    ...files.map((name) => [name, page] as const),
    ['main.ts', nest],
    ['main-fastify.ts', nest],
  ])('%s logs in and out', async (name, of) => {
    const running = await runFile(of, name)
    try {
      const server = running.exports.default as { fetch: Fetch } | undefined
      const client = createClient(running.origins[0] ?? 'https://shop.example', server?.fetch)
      const state = async (): Promise<unknown> => (await client.get('/')).json()
      expect(await state()).toEqual({ user: null, cart: [] })
      expect((await client.post('/login', form({ name: 'ada', password: 'wrong' }))).status).toBe(401)
      expect(await state()).toEqual({ user: null, cart: [] })
      expect((await client.post('/login', login)).status).toBe(303)
      expect(await state()).toEqual({ user: 'ada', cart: [] })
      expect((await client.post('/logout')).status).toBe(303)
      expect(await state()).toEqual({ user: null, cart: [] })
    } finally {
      await running.stop()
    }
  })

  test('trpc.ts logs in and out', async () => {
    const running = await runFile(page, 'trpc.ts')
    try {
      const client = createClient(`${running.origins[0]}/trpc`)
      const call = async (name: string, input: object = {}): Promise<number> =>
        (await client.post(`/${name}`, input)).status
      expect((await client.get('/cart')).status).toBe(401)
      expect(await call('login', { name: 'ada', password: 'wrong' })).toBe(401)
      expect(await call('login', Object.fromEntries(login))).toBe(200)
      expect(await (await client.get('/cart')).json()).toEqual({ result: { data: { user: 'ada', cart: [] } } })
      expect(await call('logout')).toBe(200)
      expect((await client.get('/cart')).status).toBe(401)
    } finally {
      await running.stop()
    }
  })

  test('the runtime passes the address', async () => {
    const { exports, stop } = await runFile(page, 'peer.ts')
    const fetch = exports.fetch as (request: Request, server: object) => Promise<Response>
    const { sessions } = (await runFile(page, 'sessions.ts')).exports as { sessions: Sessions<object> }
    const server = { requestIP: () => ({ address: '203.0.113.9' }) }
    const answer = await fetch(new Request('https://shop.example/'), server)
    expect(await answer.text()).toBe('somewhere')
    expect(await sessions.list('nobody')).toEqual([])
    await stop()
  })
})
