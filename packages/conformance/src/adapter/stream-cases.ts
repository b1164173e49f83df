import { assert, assertEqual } from '../assert.ts'
import { createReader, createSignal, eventually } from './client.ts'
import { type AdapterCase, type AdapterHandler, FAIL_CLOSED } from './context.ts'
import { outage, withWorld } from './world.ts'

const EVENT_STREAM = [['content-type', 'text/event-stream']] as const

/** Begins a session, so that the stream edits an existing one. */
function begunBefore(stream: AdapterHandler): AdapterHandler {
  return (session, request) => {
    if (request.url !== '/begin') return stream(session, request)
    session.data.begun = true
    return { headers: [['x-id', session.id]], body: 'begun' }
  }
}

function streaming(
  name: string,
  headers: readonly (readonly [string, string])[],
  first: string,
  second: string,
): AdapterCase {
  return {
    name,
    run: async (ctx) => {
      const arrived = createSignal()
      async function* body(): AsyncGenerator<string> {
        yield first
        await arrived.given
        yield second
      }
      const handle: AdapterHandler = (session) => {
        session.data.theme = 'dark'
        return { headers, body: body() }
      }
      await withWorld(ctx, handle, async (world) => {
        const response = await world.visitor().fetch()
        assertEqual(response.headers.getSetCookie().length, 1, 'cookies set')
        const reader = createReader(response)
        assertEqual(await reader.next(), first, 'what arrives before the second piece exists')
        arrived.give()
        assertEqual(await reader.next(), second, 'what arrives then')
        assertEqual(await reader.next(), null, 'the end')
      })
    },
  }
}

export const streamCases: readonly AdapterCase[] = [
  streaming('a stream arrives piece by piece', [['content-type', 'text/plain; charset=utf-8']], 'one', 'two'),
  streaming('server-sent events arrive one by one', EVENT_STREAM, 'data: 1\n\n', 'data: 2\n\n'),
  {
    name: 'a login after the headers were sent is a clear error',
    run: async (ctx) => {
      const handle: AdapterHandler = (session) => {
        async function* body(): AsyncGenerator<string> {
          yield 'begun '
          const code = await session.login('user-1').then(
            () => 'logged in',
            (error: { code?: string }) => error.code,
          )
          yield String(code)
        }
        return { headers: [['content-type', 'text/plain; charset=utf-8']], body: body() }
      }
      await withWorld(ctx, handle, async (world) => {
        const response = await world.visitor().fetch()
        assertEqual(await response.text(), 'begun ERR_HEADERS_SENT', 'what the handler saw')
        assertEqual((await world.sessions.list('user-1')).length, 0, 'sessions that nobody holds a token of')
      })
    },
  },
  {
    name: 'edits that a stream makes after its headers are stored when the stream ends',
    run: async (ctx) => {
      const handle = begunBefore((session) => {
        async function* body(): AsyncGenerator<string> {
          yield 'one'
          await pause(0)
          session.data.late = 'stored'
          yield 'two'
        }
        return { headers: EVENT_STREAM, body: body() }
      })
      await withWorld(ctx, handle, async (world) => {
        const visitor = world.visitor()
        const id = (await visitor.fetch('/begin')).headers.get('x-id') ?? ''
        // Long enough for the end to be sent first if nothing holds it back.
        world.intercept((operation) => (operation === 'write' ? pause(50) : undefined))
        assertEqual(await (await visitor.fetch('/stream')).text(), 'onetwo', 'the stream')
        assertEqual((await world.record(id))?.data.late, '"stored"', 'the late edit')
      })
    },
  },
  {
    name: 'edits that a stream made before its client left are stored',
    run: async (ctx) => {
      const left = createSignal()
      const handle = begunBefore((session) => {
        async function* body(): AsyncGenerator<string> {
          yield 'one'
          session.data.late = 'stored'
          yield 'two'
          await left.given
          yield 'three'
        }
        return { headers: EVENT_STREAM, body: body() }
      })
      await withWorld(ctx, handle, async (world) => {
        const visitor = world.visitor()
        const id = (await visitor.fetch('/begin')).headers.get('x-id') ?? ''
        const reader = createReader(await visitor.fetch('/stream'))
        let text = ''
        while (!text.endsWith('two')) text += await reader.next()
        await reader.cancel()
        const isStored = await eventually(async () => (await world.record(id))?.data.late === '"stored"')
        left.give()
        assert(isStored, 'the edit is stored once the client is gone')
        assertEqual(await (await visitor.fetch('/begin')).text(), 'begun', 'the server goes on')
      })
    },
  },
  {
    name: 'a stream whose late edit cannot be stored is aborted, so its client does not take it for complete',
    guarantee: FAIL_CLOSED,
    run: async (ctx) => {
      const handle = begunBefore((session) => {
        async function* body(): AsyncGenerator<string> {
          yield 'one'
          session.data.late = 'lost'
        }
        return { headers: EVENT_STREAM, body: body() }
      })
      await withWorld(ctx, handle, async (world) => {
        const visitor = world.visitor()
        await (await visitor.fetch('/begin')).text()
        world.intercept((operation) => (operation === 'write' ? outage() : undefined))
        const whole = await visitor
          .fetch('/stream')
          .then((response) => response.text())
          .catch(() => 'broken off')
        assertEqual(whole, 'broken off', 'the stream')
        world.intercept(() => {})
        assertEqual(await (await visitor.fetch('/begin')).text(), 'begun', 'the server goes on')
      })
    },
  },
]

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
