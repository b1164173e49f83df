import { afterEach, describe, expect, test } from 'vitest'
import { createClient } from '../../src/http/create-client.ts'
import { createEngine, type EngineOptions, LimitReached } from '../../src/http/engine.ts'
import { type Served, serve } from '../support/serve.ts'
import { type App, listenerOf } from '../support/web.ts'

let served: Served | null = null
afterEach(async () => {
  await served?.close()
  served = null
})

async function clientOf(app: App, options: Partial<EngineOptions> = {}) {
  served = await serve(listenerOf(app))
  const engine = createEngine({
    target: new URL(served.url),
    rate: 10_000,
    cap: 100,
    timeoutMs: 5_000,
    insecureTls: false,
    ...options,
  })
  return { engine, client: createClient(engine, 'client') }
}

const echo: App = ({ cookies }) => ({ json: Object.fromEntries(cookies) })

describe('cookies', () => {
  const app: App = (ask) =>
    ask.path === '/set'
      ? {
          html: '',
          cookies: [
            'a=1; Path=/',
            'deep=2; Path=/deep',
            '__Host-kept=3; Path=/; Secure',
            '__Host-refused=4; Path=/deep; Secure',
            'foreign=5; Domain=example.com',
          ],
        }
      : echo(ask)

  test('go where their path and their host say, and nowhere else', async () => {
    const { client } = await clientOf(app)
    await client.send({ url: '/set', purpose: 'test' })
    const seen = async (url: string) => JSON.parse((await client.send({ url, purpose: 'test' })).response?.body ?? '')
    expect(await seen('/')).toEqual({ a: '1', '__Host-kept': '3' })
    expect(await seen('/deep/er')).toEqual({ a: '1', '__Host-kept': '3', deep: '2' })
  })

  test('move to a clean client with all that says where they go', async () => {
    const { client, engine } = await clientOf(app)
    await client.send({ url: '/set', purpose: 'test' })
    const clean = createClient(engine, 'clean')
    for (const cookie of client.cookies()) clean.hold(cookie)
    expect(clean.cookieHeader('/deep/')).toBe(client.cookieHeader('/deep/'))
    expect(clean.cookieHeader('/')).not.toContain('deep')
    clean.drop('a')
    expect(clean.cookieHeader('/')).toBe('__Host-kept=3')
  })

  test('that have expired are gone', async () => {
    const { client } = await clientOf(({ path }) =>
      path === '/end' ? { html: '', cookies: ['a=; Path=/; Max-Age=0'] } : app({ path } as never),
    )
    await client.send({ url: '/set', purpose: 'test' })
    await client.send({ url: '/end', purpose: 'test' })
    expect(client.cookies().map(({ name }) => name)).not.toContain('a')
  })
})

describe('redirects', () => {
  test('are followed as browsers do: a POST becomes a GET on 303, and stays on 307', async () => {
    const { client } = await clientOf(({ path, method }) => {
      if (path === '/see-other') return { status: 303, to: '/end' }
      return path === '/temporary' ? { status: 307, to: '/end' } : { html: method }
    })
    const bodies = async (url: string) =>
      (await client.follow({ method: 'POST', url, body: 'x', purpose: 'test' })).at(-1)?.response?.body
    expect(await bodies('/see-other')).toBe('GET')
    expect(await bodies('/temporary')).toBe('POST')
  })

  test('to another host are not followed: it is not part of this audit', async () => {
    const { client, engine } = await clientOf(() => ({ to: 'http://example.com/' }))
    expect(await client.follow({ url: '/', purpose: 'test' })).toHaveLength(1)
    await expect(client.send({ url: 'http://example.com/', purpose: 'test' })).rejects.toThrow('not part of this audit')
    expect(engine.exchanges).toHaveLength(1)
  })

  test('in a circle are stopped', async () => {
    const { client } = await clientOf(() => ({ to: '/' }))
    expect((await client.follow({ url: '/', purpose: 'test' })).length).toBeLessThan(20)
  })
})

describe('limits', () => {
  test('no more requests are sent than were allowed, except to clean up', async () => {
    const { client, engine } = await clientOf(echo, { cap: 2 })
    for (let i = 0; i < 2; i++) await client.send({ url: '/', purpose: 'test' })
    await expect(client.send({ url: '/', purpose: 'test' })).rejects.toThrow(LimitReached)
    engine.beginCleanUp()
    expect((await client.send({ url: '/', purpose: 'test' })).response?.status).toBe(200)
  })

  test('requests keep the rate', async () => {
    const { client } = await clientOf(echo, { rate: 20 })
    const began = performance.now()
    for (let i = 0; i < 5; i++) await client.send({ url: '/', purpose: 'test' })
    expect(performance.now() - began).toBeGreaterThan(190)
  })

  test('an answer that does not come is a fault, not a hang', async () => {
    const { client } = await clientOf(() => new Promise(() => undefined), { timeoutMs: 50 })
    const exchange = await client.send({ url: '/', purpose: 'test' })
    expect(exchange).toMatchObject({ response: null, fault: 'no answer within 50 ms' })
  })
})
