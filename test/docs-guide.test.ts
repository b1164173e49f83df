import type { Sessions } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient, type Fetch } from './docs/client.ts'
import { type Running, runSnippet } from './docs/run.ts'
import { snippetsOf } from './docs/snippets.ts'

async function runFile(page: string, name: string): Promise<Running> {
  const snippets = snippetsOf(page)
  const found = snippets.find((snippet) => snippet.name === name)
  if (found === undefined) throw new Error(`${page} shows no ${name}`)
  return runSnippet(found, snippets)
}

describe('the application of the guide', () => {
  let running: Running
  const form = (fields: Record<string, string>): URLSearchParams => new URLSearchParams(fields)
  const login = form({ name: 'ada', password: 'correct horse battery staple' })
  const visitor = (): Client => createClient(running.origins[0] ?? '')

  async function loggedIn(): Promise<Client> {
    const client = visitor()
    await client.post('/login', login)
    return client
  }

  beforeAll(async () => {
    running = await runFile('docs/guide/first-app.md', 'server.ts')
  })
  afterAll(() => running.stop())

  test('lets nobody in who is not logged in', async () => {
    const answer = await visitor().get('/account')
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/login'])
  })

  test('refuses a wrong password, and reports it once', async () => {
    const client = visitor()
    await client.post('/login', form({ name: 'ada', password: 'wrong' }))
    expect(await (await client.get('/login')).text()).toContain('The name or the password is wrong')
    expect(await (await client.get('/login')).text()).toContain('Please log in')
  })

  test('keeps the cart through the login, and loses nothing of what two tabs add at once', async () => {
    const client = visitor()
    await client.post('/cart', form({ item: 'lamp' }))
    await client.post('/login', login)
    await Promise.all(['map', 'mug'].map((item) => client.post('/cart', form({ item }))))
    const cart = (await (await client.get('/cart')).json()) as string[]
    expect(cart.sort()).toEqual(['lamp', 'map', 'mug'])
    await client.post('/cart/empty')
    expect(await (await client.get('/cart')).json()).toEqual([])
  })

  test('shows the devices, and ends one from another', async () => {
    const [one, two] = [await loggedIn(), await loggedIn()]
    const page = await (await one.get('/account')).text()
    const ids = [...page.matchAll(/devices\/([\w-]+)\/end/g)].map(([, id]) => id)
    for (const id of ids) await one.post(`/account/devices/${id}/end`)
    expect((await one.get('/account')).status).toBe(200)
    expect((await two.get('/account')).status).toBe(302)
  })

  test('changes the password right after the login, and ends the other sessions', async () => {
    const [one, two] = [await loggedIn(), await loggedIn()]
    await one.post('/account/password', login)
    expect(await (await one.get('/account')).text()).toContain('Your password is changed')
    expect((await two.get('/account')).status).toBe(302)
  })

  test('confirming gives a new token', async () => {
    const client = await loggedIn()
    const before = client.cookies.get('session')
    await client.post('/account/confirm', form({ password: 'wrong' }))
    expect(client.cookies.get('session')).toBe(before)
    await client.post('/account/confirm', login)
    expect(client.cookies.get('session')).not.toBe(before)
  })

  test('remembers users who ask for it', async () => {
    const answer = await visitor().post('/login', form({ ...Object.fromEntries(login), remember: 'on' }))
    expect(answer.headers.get('set-cookie')).toMatch(/Max-Age=(2592000|259199\d);/)
    expect((await visitor().post('/login', login)).headers.get('set-cookie')).not.toContain('Max-Age')
  })

  test('a token put back after the logout opens nothing', async () => {
    const client = await loggedIn()
    const kept = `session=${client.cookies.get('session')}`
    await client.post('/logout')
    expect((await visitor().get('/account', { cookie: kept })).status).toBe(302)
  })

  test('a form on another site does nothing', async () => {
    const client = await loggedIn()
    expect((await client.post('/logout', undefined, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await client.get('/account')).status).toBe(200)
  })
})

describe('the other frameworks of the guide', () => {
  const page = 'docs/guide/other-frameworks.md'

  test.each(['fetch.ts', 'fastify.ts', 'hono.ts', 'node.ts', 'connect.ts'])('%s logs in and out', async (name) => {
    const running = await runFile(page, name)
    try {
      const server = running.exports.default as { fetch: Fetch } | undefined
      const client = createClient(running.origins[0] ?? 'https://shop.example', server?.fetch)
      const user = async (): Promise<unknown> => ((await (await client.get('/')).json()) as { user: unknown }).user
      expect(await user()).toBeNull()
      expect((await client.post('/login')).status).toBe(303)
      expect(await user()).toBe('ada')
      expect((await client.post('/logout')).status).toBe(303)
      expect(await user()).toBeNull()
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
