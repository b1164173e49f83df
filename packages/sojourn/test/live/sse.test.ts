import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import express from 'express'
import { Hono } from 'hono'
import type { Session } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { type EventStream, type LiveEventsOptions, liveEvents } from 'sojourn/live/sse'
import { toNodeHandler } from 'sojourn/node'
import { describe, expect, it, vi } from 'vitest'
import { createWorld, type TestData } from '../core/kit.ts'
import { hookStore } from '../core/kit-store.ts'
import { type AnySessions, HOST, loggedIn, OWN, onClose, start } from './kit.ts'

type Begin = (stream: EventStream, session: Session<TestData>) => unknown
type Mount = (
  sessions: AnySessions,
  respond: (session: Session<TestData>) => Promise<Response>,
) => Parameters<typeof createServer>[1]

const MOUNTS: Readonly<Record<string, Mount>> = {
  'node:http': (sessions, respond) => toNodeHandler(withSession(sessions, (_, session) => respond(session))),
  Express(sessions, respond) {
    const app = express()
    app.use(expressSessions(sessions))
    app.get('/events', (req, res) => toNodeHandler(() => respond(sessions.get(req)))(req, res))
    return app
  },
  Hono(sessions, respond) {
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.get('/events', (c) => respond(sessions.get(c)))
    return toNodeHandler((incoming) => app.fetch(incoming))
  },
}

async function serve(
  sessions: AnySessions,
  { begin = greet, mount = 'node:http', ...options }: LiveEventsOptions & { begin?: Begin; mount?: string } = {},
) {
  const events = liveEvents(sessions, options)
  onClose(() => events.close())
  const listener = MOUNTS[mount]?.(sessions, (session) => events.respond(session, begin))
  const { address } = await start(createServer(listener))
  return { events, address }
}

const greet: Begin = (stream, session) => stream.send(`hello ${session.userId}`)

interface Listening {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly response: IncomingMessage
  text(): string
  readonly ended: Promise<unknown>
}

async function listen(address: string, cookie: string, headers: Record<string, string> = {}): Promise<Listening> {
  const sent = request(`http://${address}/events`, {
    headers: { host: HOST, accept: 'text/event-stream', cookie, 'sec-fetch-site': 'same-origin', ...headers },
  })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  onClose(() => response.destroy())
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const ended = new Promise((resolve) => response.on('close', resolve))
  return { status: response.statusCode ?? 0, headers: response.headers, response, text: () => text, ended }
}

const until = (stream: Listening, text: string): Promise<void> =>
  vi.waitFor(() => expect(stream.text()).toContain(text))

describe.each(Object.keys(MOUNTS))('an event stream on %s', (mount) => {
  it('1 Ended is ended: gets events until the session ends, learns why, and ends', async () => {
    const { world, client, id } = await loggedIn()
    const { address, events } = await serve(world.sessions, { mount })
    const stream = await listen(address, client.cookie())
    expect(stream.status).toBe(200)
    expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(stream.headers['cache-control']).toContain('no-store')
    await until(stream, 'data: hello ada\n\n')
    expect(events.size).toBe(1)
    await world.sessions.revoke(id)
    await stream.ended
    expect(stream.text()).toContain('event: end\ndata: {"code":4401,"text":"session ended"}\n\n')
    expect(events.size).toBe(0)
    expect((await listen(address, client.cookie())).status).toBe(401)
  })

  it('carries a renewed token with its headers, and is not closed by it', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions, { mount })
    for (let i = 0; i < 3; i++) {
      world.clock.advance(22 * 60_000)
      if (i < 2) await client.send(() => {})
    }
    const before = client.token()
    const stream = await listen(address, client.cookie())
    await until(stream, 'hello ada')
    const setCookies = stream.headers['set-cookie'] ?? []
    expect(setCookies).toHaveLength(1)
    client.receive(setCookies.map((value) => ({ name: 'set-cookie', value, how: 'append' })))
    expect(client.token()).not.toBe(before)
    expect((await client.send(({ userId }) => userId)).value).toBe('ada')
    expect(stream.text()).not.toContain('event: end')
  })
})

describe('a slow store', () => {
  it.each(Object.keys(MOUNTS))(
    'on %s delays the headers, and a renewed token is with them all the same',
    async (mount) => {
      const { world, client } = await loggedIn()
      const slow = hookStore(world.store)
      for (const minutes of [20, 20, 25]) {
        world.clock.advance(minutes * 60_000)
        if (minutes === 20) await client.send(() => {})
      }
      const begin = vi.fn<Begin>(greet)
      const { address } = await serve(world.node({ store: slow }), { mount, begin })
      const gate = slow.hold('write', 'before')
      const opening = listen(address, client.cookie())
      await gate.reached
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
      expect(begin).not.toHaveBeenCalled()
      gate.release()
      const stream = await opening
      await until(stream, 'hello ada')
      expect(stream.headers['set-cookie']).toHaveLength(1)
    },
  )
})

describe('an event stream', () => {
  it('a page of another origin cannot open it, and nobody without a login', async () => {
    const { world, client } = await loggedIn()
    const { address, events } = await serve(world.sessions, { trustedOrigins: ['https://app.example'] })
    const site = async (headers: Record<string, string>): Promise<number> =>
      (await listen(address, client.cookie(), headers)).status
    expect(await site({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await site({ 'sec-fetch-site': 'same-site', origin: 'https://evil.shop.example' })).toBe(403)
    expect(await site({ 'sec-fetch-site': 'cross-site', origin: 'https://app.example' })).toBe(200)
    expect(await site({ origin: OWN })).toBe(200)
    expect((await listen(address, '')).status).toBe(401)
    await vi.waitFor(() => expect(events.size).toBe(2))
  })

  it('a token that is rotated ends it, and the browser connects again with its new cookie', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    const stream = await listen(address, client.cookie())
    await until(stream, 'hello')
    await client.send((session) => session.rotate())
    await stream.ended
    const again = await listen(address, client.cookie())
    await until(again, 'hello ada')
  })

  it('tells its source when the client leaves, and makes room', async () => {
    const { world, client } = await loggedIn()
    const begun = vi.fn<Begin>()
    const { address, events } = await serve(world.sessions, { perSession: 1, begin: begun })
    const first = await listen(address, client.cookie())
    await vi.waitFor(() => expect(begun).toHaveBeenCalled())
    expect((await listen(address, client.cookie())).status).toBe(429)
    const [stream] = begun.mock.calls[0] ?? []
    expect(stream?.signal.aborted).toBe(false)
    first.response.destroy()
    await vi.waitFor(() => expect(stream?.signal.aborted).toBe(true))
    expect(events.size).toBe(0)
    expect((await listen(address, client.cookie())).status).toBe(200)
  })

  it('sends each line of the data, ids and names, and refuses line breaks in them', async () => {
    const { world, client } = await loggedIn()
    const errors: unknown[] = []
    const begin: Begin = (stream) => {
      stream.send('one\ntwo\r\nthree', { event: 'news', id: '7' })
      for (const options of [{ id: '7\ndata: forged' }, { event: 'a\rb' }, { id: 'a\0b' }]) {
        try {
          stream.send('x', options)
        } catch (error) {
          errors.push((error as { code: string }).code)
        }
      }
    }
    const { address } = await serve(world.sessions, { begin })
    const stream = await listen(address, client.cookie())
    await until(stream, 'event: news\nid: 7\ndata: one\ndata: two\ndata: three\n\n')
    expect(errors).toEqual(['ERR_OPTION', 'ERR_OPTION', 'ERR_OPTION'])
  })

  it('a session that ended before the headers were sent gets no event', async () => {
    const { world, client, id } = await loggedIn()
    const begin = vi.fn<Begin>()
    const events = liveEvents(world.sessions)
    onClose(() => events.close())
    const handler = withSession(world.sessions, async (_, session) => {
      const response = await events.respond(session, begin)
      await world.node().revoke(id)
      return response
    })
    const { address } = await start(createServer(toNodeHandler(handler)))
    const stream = await listen(address, client.cookie())
    await stream.ended
    expect(stream.text()).toContain('event: end')
    expect(begin).not.toHaveBeenCalled()
    expect(events.size).toBe(0)
  })

  it('of a client that reads nothing is cut, before it fills the memory', async () => {
    const { world, client } = await loggedIn()
    const streams: EventStream[] = []
    const { address, events } = await serve(world.sessions, { begin: (stream) => void streams.push(stream) })
    const stream = await listen(address, client.cookie())
    await vi.waitFor(() => expect(streams).toHaveLength(1))
    stream.response.pause()
    for (let i = 0; i < 200 && events.size > 0; i++) {
      streams[0]?.send('x'.repeat(100_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(events.size).toBe(0)
    expect(streams[0]?.signal.aborted).toBe(true)
  })

  it('that nobody reads keeps no place', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onClose(() => vi.useRealTimers())
    const { world, client } = await loggedIn()
    const events = liveEvents(world.sessions, { heartbeat: '10s' })
    onClose(() => events.close())
    await client.send((session) => events.respond(session, greet))
    expect(events.size).toBe(1)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(events.size).toBe(0)
  })

  it('close of the registry ends all with 1001, and admits no more', async () => {
    const { world, client } = await loggedIn()
    const { address, events } = await serve(world.sessions)
    const stream = await listen(address, client.cookie())
    await until(stream, 'hello')
    events.close()
    await stream.ended
    expect(stream.text()).toContain('{"code":1001,"text":"going away"}')
    expect((await listen(address, client.cookie())).status).toBe(500)
  })

  it.each<[string, object]>([
    ['an unknown option', { perSessions: 1 }],
    ['extendsSession: its client sends nothing', { extendsSession: true }],
    ['a retry that is no time', { retry: 'soon' }],
  ])('%s throws ERR_OPTION', (_, options) => {
    expect(() => liveEvents(createWorld<TestData>().sessions, options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })
})
