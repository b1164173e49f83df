import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import { type FetchHandler, type NodeHandlerOptions, toNodeHandler } from 'sojourn/node'
import { afterEach, describe, expect, test, vi } from 'vitest'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(listener: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  closers.push(() => void server.close().closeAllConnections())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const serve = (handler: FetchHandler, options?: NodeHandlerOptions): Promise<number> =>
  listen(toNodeHandler(handler, options))

/** Sends one request with exactly this target, and returns the response. */
async function send(port: number, target: string, version = '1.1'): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  closers.push(() => socket.destroy())
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  socket.write(`GET ${target} HTTP/${version}\r\nHost: shop.example\r\nConnection: close\r\n\r\n`)
  await once(socket, 'close')
  return received
}

describe('a target that URL would change', () => {
  test.each([
    '/open/../admin',
    '/open/%2e%2e/admin',
    '/open/.%2E/admin',
    '/open\\..\\admin',
    '\\admin',
    '/./admin',
    '/admin#x',
  ])('is refused, because middleware before the handler compared another path: %s', async (target) => {
    const handler = vi.fn<FetchHandler>(() => new Response('secrets'))
    const app = express()
    app.use('/admin', (_request, response) => void response.status(403).end())
    app.use(toNodeHandler(handler))
    expect(await send(await listen(app), target)).toMatch(/^HTTP\/1.1 40[03] /)
    expect(handler).not.toHaveBeenCalled()
  })

  test.each(['/a..b/.c/d.', '/...', '/a?next=/../b\\c', '/.well-known/x', '/a%2f..%2fb', '//x'])(
    'is not any with dots: %s',
    async (target) => {
      const handler: FetchHandler = (request) => new Response(request.url.replace('http://shop.example', ' '))
      expect(await send(await serve(handler), target)).toContain(` ${target}`)
    },
  )
})

describe('the application fails outside its handler, and the process goes on', () => {
  test('in trustProxy: 500, and the error is reported', async () => {
    const onError = vi.fn()
    const trustProxy = (): boolean => {
      throw new Error('trust')
    }
    const port = await serve(() => new Response(), { trustProxy, onError })
    expect(await send(port, '/')).toMatch(/^HTTP\/1.1 500 /)
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ message: 'trust' }))
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('log')
      },
    ],
    ['rejects', () => Promise.reject(new Error('log'))],
  ])('in onError, which %s: the error is printed', async (_, onError) => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    closers.push(() => print.mockRestore())
    const handler: FetchHandler = () => {
      throw new Error('handler')
    }
    expect(await send(await serve(handler, { onError }), '/')).toMatch(/^HTTP\/1.1 500 /)
    await new Promise((resolve) => setImmediate(resolve))
    expect(print).toHaveBeenCalledWith(expect.objectContaining({ message: 'log' }))
  })
})

describe('the transfer coding of a response that the handler passes on', () => {
  const headers = { 'transfer-encoding': 'chunked' }

  test('is not sent to an HTTP/1.0 client, which would take it for a part of the body', async () => {
    expect(await send(await serve(() => new Response('whole', { headers })), '/', '1.0')).toMatch(/\r\n\r\nwhole$/)
  })

  test('is not sent beside a length, which clients refuse', async () => {
    const port = await serve(() => new Response('whole', { headers: { ...headers, 'content-length': '5' } }))
    const response = await new Promise((resolve, reject) =>
      get({ port, host: '127.0.0.1' }, resolve).on('error', reject),
    )
    expect(response).toMatchObject({ statusCode: 200, headers: { 'content-length': '5' } })
  })
})
