import { once } from 'node:events'
import { connect, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { text } from 'node:stream/consumers'
import session from 'sojourn/express-session'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../support/node-reply.ts'
import { old, STORES } from './support.ts'

describe.each(STORES)('over HTTP/2, on %s', (_, createStore) => {
  async function open() {
    const sessions = session({ secret: 'x', resave: false, saveUninitialized: false, store: createStore() })
    const errors: unknown[] = []
    const handle = async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
      if (request.url === '/logout') await old(request).session.destroy()
      else if (request.url === '/stream') {
        response.writeHead(200, { 'set-cookie': 'own=1' })
        response.write('a')
        old(request).session.streamed = true
      } else old(request).session.visits = Number(old(request).session.visits ?? 0) + 1
      const { cookie: __, ...data } = old(request).session ?? {}
      response.end(JSON.stringify(data))
    }
    const server = await listen(
      createServer((request, response) => {
        sessions(request, response as never, (error) => {
          if (error === undefined) void handle(request, response)
          else errors.push(error)
        })
      }),
    )
    const client = connect(server.origin)
    onTestFinished(() => {
      client.destroy()
      return server.close()
    })
    const cookies = new Map<string, string>()
    const get = async (path: string): Promise<{ body: string; setCookies: number }> => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`)
      const stream = client.request({ ':path': path, cookie: cookie as never })
      const [[headers], body] = await Promise.all([once(stream, 'response'), text(stream)])
      const lines: string[] = headers['set-cookie'] ?? []
      for (const line of lines) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      return { body, setCookies: lines.length }
    }
    return { get, errors }
  }

  test('data come back, a stream is stored at its end, and a logout ends the session', async () => {
    const { get, errors } = await open()
    expect(await get('/')).toEqual({ body: '{"visits":1}', setCookies: 1 })
    expect(await get('/')).toEqual({ body: '{"visits":2}', setCookies: 0 })
    expect(await get('/stream')).toEqual({ body: 'a{"visits":2,"streamed":true}', setCookies: 1 })
    expect((await get('/')).body).toBe('{"visits":3,"streamed":true}')
    await get('/logout')
    expect((await get('/')).body).toBe('{"visits":1}')
    expect(errors).toEqual([])
  })
})
