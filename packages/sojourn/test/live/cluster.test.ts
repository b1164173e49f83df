import { afterAll, describe, expect, it } from 'vitest'
import { buildChild, type Child, removeBuilt, startChild } from '../support/child.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { type Dialed, dial, HOST, OWN, onClose } from './kit.ts'

afterAll(removeBuilt)

interface Node {
  readonly child: Child
  readonly address: string
}

async function startNode(store: RedisServer, bus: RedisServer): Promise<Node> {
  const file = await buildChild(new URL('children/live-server.ts', import.meta.url))
  const urls = [store, bus].map(({ port }) => `redis://127.0.0.1:${port}`)
  const child = startChild(file, urls)
  onClose(() => child.process.kill('SIGKILL'))
  const port = (await child.said('port ')).slice('port '.length)
  return { child, address: `127.0.0.1:${port}` }
}

/** As a browser that is on `shop.example`. */
async function post({ address }: Node, path: string, cookie = ''): Promise<string> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { host: HOST, origin: OWN, cookie } }
    const sent = request(`http://${address}${path}`, options, (response) => {
      response.resume()
      response.on('end', () => resolve(response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** A browser that logged in at one server, and holds a socket to the other, whose bus is connected. */
async function open(here: Node, there: Node): Promise<{ cookie: string; dialed: Dialed }> {
  const cookie = await post(here, '/login')
  // The near cache connects its bus with the first reads, and no timer tries again.
  const isUp = (): boolean => there.child.lines().findLast((line) => line.startsWith('store link')) === 'store link-up'
  while (!isUp()) await post(there, '/', cookie)
  const dialed = await dial(there.address, { cookie })
  expect(dialed.status).toBe(101)
  return { cookie, dialed }
}

describe('1 Ended is ended: a logout in another process', () => {
  it('closes the socket here within a second, over the bus of Redis', async () => {
    const redis = await startRedis()
    onClose(() => redis.stop())
    const [here, there] = await Promise.all([startNode(redis, redis), startNode(redis, redis)])
    const { cookie, dialed } = await open(here, there)
    const loggedOutAt = performance.now()
    await post(here, '/logout', cookie)
    expect(await dialed.closed).toEqual([4401, 'session ended'])
    expect(performance.now() - loggedOutAt).toBeLessThan(1_000)
  })

  it('while the bus is down: the processes say so, and reading the store closes the socket', async () => {
    const [redis, bus] = await Promise.all([startRedis(), startRedis()])
    onClose(() => redis.stop())
    const [here, there] = await Promise.all([startNode(redis, bus), startNode(redis, bus)])
    const { cookie, dialed } = await open(here, there)
    await bus.stop()
    await there.child.said('store link-down')
    await post(here, '/logout', cookie)
    expect(await dialed.closed).toEqual([4401, 'session ended'])
  })
})
