import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { SessionInfo } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from './docs/client.ts'
import { audit } from './quickstart/application.ts'
import { app as expressApp } from './quickstart/express.ts'
import { app as fastifyApp } from './quickstart/fastify.ts'
import fetchServer from './quickstart/fetch.ts'
import { app as honoApp } from './quickstart/hono.ts'
import { sessions } from './quickstart/sessions.ts'

const home = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'sojourn-quickstart-'))
const servers: Server[] = []
let shop = ''

function originOf(server: Server): string {
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function loggedIn(name: string): Promise<Client> {
  const client = createClient(shop)
  await client.post('/login', { name })
  return client
}

async function devicesOf(client: Client): Promise<SessionInfo[]> {
  return (await client.get('/account/devices')).json() as Promise<SessionInfo[]>
}

beforeAll(async () => {
  // The quickstart keeps its sessions in ./data.
  process.chdir(folder)
  const server = createServer(expressApp)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  shop = originOf(server)
})

afterAll(async () => {
  for (const server of servers) server.close()
  await fastifyApp.close()
  await sessions.close()
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
})

describe('the quickstart as written, on Express and LMDB', () => {
  test('a login gives a fresh token, and the session is stored before the redirect', async () => {
    const client = createClient(shop)
    await client.post('/cart', { item: 'lamp' })
    const before = client.cookies.get('session')
    const answer = await client.post('/login', { name: 'ada' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/account'])
    expect(client.cookies.get('session')).toMatch(/^[\w-]{54}$/)
    expect(client.cookies.get('session')).not.toBe(before)
    expect(await sessions.list('ada')).toHaveLength(1)
  })

  test('fifty items added at once are all in the cart, and survive the login', async () => {
    const client = createClient(shop)
    expect(await (await client.post('/cart', { item: 'first' })).json()).toEqual(['first'])
    const items = Array.from({ length: 50 }, (_, i) => `item ${i}`)
    await Promise.all(items.map((item) => client.post('/cart', { item })))
    await client.post('/login', { name: 'grace' })
    const cart = await (await client.post('/cart', { item: 'last' })).json()
    expect(new Set(cart as string[])).toEqual(new Set(['first', ...items, 'last']))
  })

  test('a plain edit is stored when the response ends', async () => {
    const client = await loggedIn('edsger')
    await client.post('/theme')
    expect((await sessions.export('edsger')).sessions[0]?.data).toEqual({ theme: 'dark' })
  })

  test('devices are listed with the current one marked; one can end another, and a new password all others', async () => {
    const [first, second, third] = [await loggedIn('barbara'), await loggedIn('barbara'), await loggedIn('barbara')]
    const devices = await devicesOf(first)
    expect(devices).toHaveLength(3)
    expect(devices.filter(({ current }) => current === true)).toHaveLength(1)
    const [other] = (await devicesOf(second)).filter(({ current }) => current === true)
    await first.post(`/account/devices/${other?.id}/revoke`)
    expect(await devicesOf(second)).toEqual([])
    await first.post('/password')
    expect(await devicesOf(third)).toEqual([])
    expect(await devicesOf(first)).toHaveLength(1)
  })

  test('a stranger cannot end a session whose id they know', async () => {
    const [victim, stranger] = [await loggedIn('victim'), await loggedIn('stranger')]
    await stranger.post(`/account/devices/${(await devicesOf(victim))[0]?.id}/revoke`)
    expect(await devicesOf(victim)).toHaveLength(1)
  })

  test('a token kept from before the logout opens nothing', async () => {
    const client = await loggedIn('donald')
    const kept = `session=${client.cookies.get('session')}`
    expect((await client.post('/logout')).headers.get('location')).toBe('/')
    expect(client.cookies.has('session')).toBe(false)
    expect(await (await createClient(shop).get('/account/devices', { cookie: kept })).json()).toEqual([])
  })
})

describe('the quickstart as written, on other servers', () => {
  test('fetch: a function around your handler', async () => {
    const client = createClient('https://shop.example', fetchServer.fetch)
    expect(await (await client.get('/')).json()).toEqual({ user: null })
    const known = await loggedIn('frances')
    const cookie = `__Host-session=${known.cookies.get('session')}`
    expect(await (await client.get('/', { cookie })).json()).toEqual({ user: 'frances' })
  })

  test('Fastify', async () => {
    const client = createClient(await fastifyApp.listen({ port: 0, host: '127.0.0.1' }))
    expect(await (await client.get('/')).text()).toBe('null')
    const cookie = `session=${(await loggedIn('radia')).cookies.get('session')}`
    expect(await (await client.get('/', { cookie })).text()).toBe('radia')
  })

  test('Hono', async () => {
    const server = serve({ fetch: honoApp.fetch, port: 0, hostname: '127.0.0.1' }) as Server
    await new Promise((resolve) => server.once('listening', resolve))
    const client = createClient(originOf(server))
    expect(await (await client.get('/')).text()).toBe('')
    const cookie = `session=${(await loggedIn('katherine')).cookies.get('session')}`
    expect(await (await client.get('/', { cookie })).text()).toBe('katherine')
  })
})

describe('the quickstart as written, without a request', () => {
  test('list, revoke, revokeAll, export, erase, and events that hold no token', async () => {
    const userId = 'anita'
    const stop = sessions.on('ended', (event) => audit.log(event))
    const clients = [await loggedIn(userId), await loggedIn(userId), await loggedIn(userId)]

    const [one, two] = await sessions.list(userId)
    const id = two?.id ?? ''
    expect(Object.keys(one ?? {})).toEqual(
      expect.arrayContaining(['id', 'createdAt', 'lastSeenAt', 'expiresAt', 'device']),
    )
    expect(one).not.toHaveProperty('current')
    expect(await sessions.revoke(one?.id ?? '')).toBe(true)
    expect(await sessions.revokeAll(userId, { except: id })).toBe(1)
    expect((await sessions.export(userId)).sessions.map((session) => session.id)).toEqual([id])
    expect(await sessions.erase(userId)).toBe(1)
    expect(await sessions.list(userId)).toEqual([])

    stop()
    expect(audit.entries).toHaveLength(3)
    const log = JSON.stringify(audit.entries)
    for (const client of clients) expect(log).not.toContain(client.cookies.get('session'))
  })

  test('stores are a factory each, and are set up and closed', async () => {
    const store = memoryStore()
    await store.setup?.()
    await store.close()
  })
})
