import { once } from 'node:events'
import { IncomingMessage, OutgoingMessage, ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import { Readable, Stream } from 'node:stream'
import { type HeaderChange, SessionError } from 'sojourn'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HeldResponse } from '../../src/adapters/_held-response.ts'
import { listen } from './support/node-reply.ts'
import {
  COOKIE,
  GET,
  type Handler,
  LAST,
  NO_STORE,
  type Script,
  scripted,
  serveWire,
  VARY,
  type Wire,
} from './support/wire.ts'

const CHANGES = [COOKIE, NO_STORE, VARY]

let wire: Wire | undefined
afterEach(() => {
  wire?.close()
  wire = undefined
})

/** The bytes on the wire for one request to this handler, held back with this script. */
async function answer(script: Script, handler: Handler, next?: (error: unknown, response: ServerResponse) => void) {
  wire = await serveWire((request, response) => {
    new HeldResponse(response, script.exchange, next && ((error) => next(error, response)))
    return handler(request, response)
  })
  return wire.exchange(LAST)
}

function linesOf(text: string, name: string): string[] {
  return text
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim())
}

function codeOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return (error as { code?: string }).code
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An exchange whose commit waits until it is opened. */
function gate(): { script: Script; open: (changes?: readonly HeaderChange[]) => void } {
  let open = (_: readonly HeaderChange[]): void => {}
  const committed = new Promise<readonly HeaderChange[]>((resolve) => {
    open = resolve
  })
  return { script: scripted(() => committed), open: (changes = CHANGES) => open(changes) }
}

/** Both ways that core answers. */
const WAYS: [string, (changes?: readonly HeaderChange[]) => Script][] = [
  ['at once', (changes = CHANGES) => scripted(() => changes)],
  ['later', (changes = CHANGES) => scripted(() => tick().then(() => changes))],
]

describe.each(WAYS)('headers, when the store answers %s', (_, script) => {
  test('are sent with an implicit head', async () => {
    const text = await answer(script(), (__, response) => response.end('hello'))
    expect(linesOf(text, 'set-cookie')).toEqual(['session=t; HttpOnly'])
    expect(linesOf(text, 'cache-control')).toEqual(['no-store'])
    expect(linesOf(text, 'content-length')).toEqual(['5'])
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nhello$/s)
  })

  const HEADS: Record<string, (response: ServerResponse) => unknown> = {
    'an object': (r) => r.writeHead(201, { 'Set-Cookie': ['a=1', 'b=2'], 'Cache-Control': 'private', 'X-N': 7 }),
    'an object after a reason': (r) =>
      r.writeHead(201, 'Created By Hand', { 'Set-Cookie': ['a=1', 'b=2'], 'Cache-Control': 'private', 'X-N': 7 }),
    'a raw list': (r) =>
      r.writeHead(201, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Cache-Control', 'private', 'X-N', 7]),
    'a list of pairs': (r) =>
      // Documented for HTTP/2 and accepted by newer versions of node.
      r.writeHead(201, [
        ['Set-Cookie', ['a=1', 'b=2']],
        ['Cache-Control', 'private'],
        ['X-N', '7'],
      ] as unknown as string[]),
  }
  test.each(Object.entries(HEADS))('meet those that writeHead was given as %s', async (title, head) => {
    const text = await answer(script(), (___, response) => {
      response.setHeader('X-N', 'replaced')
      expect(head(response)).toBe(response)
      response.end('x')
    })
    expect(text).toMatch(title.includes('reason') ? /^HTTP\/1.1 201 Created By Hand\r\n/ : /^HTTP\/1.1 201 Created\r\n/)
    expect(linesOf(text, 'set-cookie')).toEqual(['a=1', 'b=2', 'session=t; HttpOnly'])
    expect(linesOf(text, 'cache-control')).toEqual(['private'])
    expect(linesOf(text, 'vary')).toEqual(['Cookie'])
    expect(linesOf(text, 'x-n')).toEqual(['7'])
  })

  test('are put nowhere when there are none, and what writeHead was given stays as it was', async () => {
    const text = await answer(script([]), (__, response) =>
      response.writeHead(200, ['X-Mixed-CASE', 'a', 'X-Other', 'b', 'x-mixed-case', 'c']).end(),
    )
    expect(text).toMatch(/\r\nX-Mixed-CASE: a\r\nX-Other: b\r\nx-mixed-case: c\r\n/)
    expect(linesOf(text, 'vary')).toEqual([])
  })

  test('Vary keeps what is there, names no header twice, and knows that * means all', async () => {
    for (const [before, after] of [
      ['Origin', 'Origin, Cookie'],
      ['accept, COOKIE', 'accept, COOKIE'],
      ['*', '*'],
    ]) {
      const text = await answer(script(), (__, response) => response.setHeader('Vary', before ?? '').end())
      expect(linesOf(text, 'vary')).toEqual([after])
      wire?.close()
    }
  })

  test('commit is called once, by whatever sends the headers, and finish by the end of a stream', async () => {
    for (const begin of [
      (r: ServerResponse) => r.write('a'),
      (r: ServerResponse) => r.flushHeaders(),
      (r: ServerResponse) => r.writeHead(200),
    ]) {
      const one = script()
      await answer(one, (__, response) => {
        expect(one.calls).toEqual([])
        begin(response)
        expect(one.calls).toEqual(['commit'])
        response.end()
      })
      expect(one.calls).toEqual(['commit', 'finish'])
      wire?.close()
    }
  })
})

describe('while the store is at work', () => {
  test('no byte is sent, and the response looks sent to its handler: a second answer cannot leak into the first', async () => {
    const { script, open } = gate()
    let response: ServerResponse | undefined
    wire = await serveWire((_, res) => {
      response = res
      new HeldResponse(res, script.exchange)
      res.statusCode = 201
      expect(res.end('first')).toBe(res)
      expect([res.headersSent, res.writableEnded]).toEqual([true, true])
      expect(codeOf(() => res.setHeader('X-Second', '1'))).toBe('ERR_HTTP_HEADERS_SENT')
      expect(codeOf(() => res.setHeaders(new Map([['X-Second', '1']])))).toBe('ERR_HTTP_HEADERS_SENT')
      expect(codeOf(() => res.appendHeader('X-Second', '1'))).toBe('ERR_HTTP_HEADERS_SENT')
      expect(codeOf(() => res.removeHeader('X-First'))).toBe('ERR_HTTP_HEADERS_SENT')
      expect(codeOf(() => res.writeHead(500))).toBe('ERR_HTTP_HEADERS_SENT')
      res.statusCode = 500
    })
    const socket = wire.open()
    let received = ''
    socket.on('data', (data) => {
      received += data
    })
    socket.write(GET)
    for (let round = 0; round < 50; round++) await tick()
    expect(received).toBe('')
    expect(response?.writableEnded).toBe(true)
    open()
    await once(socket, 'data')
    expect(received).toMatch(/^HTTP\/1.1 201 Created\r\n.*\r\n\r\nfirst$/s)
    expect(received).not.toMatch(/second/i)
    expect(Object.getOwnPropertyNames(response)).not.toContain('setHeader')
    socket.destroy()
  })

  test('methods that other middleware put on the response are restored afterwards, and see our headers', async () => {
    const { script, open } = gate()
    const names: string[] = []
    const seen: boolean[] = []
    const text = await answer(script, (_, response) => {
      const { setHeader, destroy } = response
      const ownSetHeader: typeof setHeader = (name, value) => {
        names.push(name)
        return setHeader.call(response, name, value)
      }
      const ownDestroy: typeof destroy = (error) => destroy.call(response, error)
      Object.assign(response, { setHeader: ownSetHeader, destroy: ownDestroy })
      const isThere = (): void => void seen.push(response.setHeader === ownSetHeader, response.destroy === ownDestroy)
      response.once('finish', isThere)
      response.end('x')
      seen.push(response.destroy === ownDestroy)
      open([VARY])
    })
    expect(linesOf(text, 'vary')).toEqual(['Cookie'])
    expect(names).toEqual(['vary'])
    expect(seen).toEqual([false, true, true])
  })

  test('writes keep their order and their callbacks; above the high-water mark they return false, and drain fires once', async () => {
    const { script, open } = gate()
    const seen: unknown[] = []
    const large = 'x'.repeat(60_000)
    const text = await answer(script, (_, response) => {
      const room = response.writableHighWaterMark
      response.on('drain', () => {
        seen.push('drain')
        response.end('3', () => seen.push('end'))
      })
      seen.push(response.write('1', () => seen.push('one')))
      seen.push(response.write(large.slice(0, room - 2), 'utf8', () => seen.push('two')))
      seen.push(response.write('2'))
      setImmediate(open)
    })
    expect(text).toMatch(/1\r\n1\r\n.*\r\n1\r\n2\r\n1\r\n3\r\n0\r\n\r\n$/s)
    expect(seen).toEqual([true, true, false, 'drain', 'one', 'two', 'end'])
  })

  test('writes below the high-water mark cause no drain', async () => {
    const { script, open } = gate()
    const drained = vi.fn()
    await answer(script, (_, response) => {
      response.on('drain', drained)
      response.write('1', () => response.end())
      setImmediate(open)
    })
    expect(drained).not.toHaveBeenCalled()
  })

  test('drain does not come to a response that has ended meanwhile', async () => {
    const { script, open } = gate()
    const drained = vi.fn()
    const text = await answer(script, (_, response) => {
      response.on('drain', drained)
      expect(response.write('1'.repeat(response.writableHighWaterMark))).toBe(false)
      response.end('2')
      open()
    })
    expect(text).toMatch(/1\r\n1\r\n2\r\n0\r\n\r\n$/)
    expect(drained).not.toHaveBeenCalled()
  })

  test('a pipe waits and continues', async () => {
    const { script, open } = gate()
    const body = 'x'.repeat(200_000)
    const text = await answer(script, (_, response) => {
      response.setHeader('Content-Length', body.length)
      Readable.from([body.slice(0, 70_000), body.slice(70_000)]).pipe(response)
      setImmediate(() => open())
    })
    expect(text.endsWith(`\r\n\r\n${body}`)).toBe(true)
  })

  test('the next request on the same connection is answered after this one', async () => {
    const { script, open } = gate()
    let requests = 0
    wire = await serveWire((_, response) => {
      if (requests++ === 0) new HeldResponse(response, script.exchange)
      response.end(`answer ${requests}`)
      if (requests === 2) setImmediate(() => open())
    })
    const text = await wire.exchange(GET, LAST)
    expect(text.match(/answer \d/g)).toEqual(['answer 1', 'answer 2'])
  })

  test('a client that leaves loses only its own answer', async () => {
    const { script, open } = gate()
    let left: Promise<unknown> = Promise.resolve()
    wire = await serveWire((_, response) => {
      if (script.calls.length > 0) return response.end('still here')
      left = once(response, 'close')
      new HeldResponse(response, script.exchange)
      response.write('a')
      response.end('b')
      return undefined
    })
    const socket = wire.open()
    socket.write(GET)
    await vi.waitFor(() => expect(script.calls).toEqual(['commit']))
    socket.destroy()
    await left
    open()
    await vi.waitFor(() => expect(script.calls).toEqual(['commit', 'finish']))
    expect(await wire.exchange(LAST)).toContain('still here')
  })

  test('a client that leaves gets its later edits stored though the handler never ends', async () => {
    const { script, open } = gate()
    let left: Promise<unknown> = Promise.resolve()
    wire = await serveWire((_, response) => {
      left = once(response, 'close')
      new HeldResponse(response, script.exchange)
      response.write('a')
    })
    const socket = wire.open()
    socket.write(GET)
    await vi.waitFor(() => expect(script.calls).toEqual(['commit']))
    socket.destroy()
    await left
    expect(script.calls).toEqual(['commit'])
    open()
    await vi.waitFor(() => expect(script.calls).toEqual(['commit', 'finish']))
  })

  test.each<[string, Handler]>([
    ['the connection', (request) => request.socket.destroy()],
    ["the response's connection", (_, response) => response.socket?.destroy()],
    ['the response', (_, response) => response.destroy()],
    ['the request', (request) => request.destroy()],
  ])('what was ended is delivered, though the handler destroys %s right after', async (_, destroy) => {
    const { script, open } = gate()
    let sockets: unknown[] = []
    const text = await answer(script, (request, response) => {
      sockets = [request.socket, response.socket]
      response.end('delivered')
      destroy(request, response)
      response.once('close', () => sockets.push(request.socket))
      setImmediate(() => open())
    })
    expect(text).toMatch(/\r\n\r\ndelivered$/)
    expect(linesOf(text, 'set-cookie')).toEqual(['session=t; HttpOnly'])
    expect(sockets[2]).toBe(sockets[0])
    expect(sockets[1]).toBe(sockets[0])
  })

  test('a stream that the handler destroys breaks off after what it wrote', async () => {
    const { script, open } = gate()
    const text = await answer(script, (_, response) => {
      response.write('partly')
      response.destroy()
      expect(response.destroyed).toBe(false)
      setImmediate(() => open())
    })
    expect(text).not.toMatch(/0\r\n\r\n$/)
  })

  test('a held call that node refuses becomes an error response, not an unhandled rejection', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { script, open } = gate()
    const text = await answer(script, (_, response) => {
      response.writeHead(9999).end('x')
      open()
    })
    expect(text).toMatch(/^HTTP\/1.1 500 /)
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
  })
})

const OUTAGE = new SessionError('ERR_STORE', 'redis failed to write.', new Error('ECONNREFUSED 10.0.0.7'))
const FAILURES: [string, () => Script][] = [
  [
    'at once',
    () =>
      scripted(() => {
        throw OUTAGE
      }),
  ],
  ['later', () => scripted(() => tick().then(() => Promise.reject(OUTAGE)))],
]

/** The parts of one response. */
const ABOUT_A_RESPONSE = [
  'Accept-Ranges',
  'Age',
  'Clear-Site-Data',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Location',
  'Content-Range',
  'ETag',
  'Expires',
  'Last-Modified',
  'Link',
  'Location',
  'Refresh',
  'Set-Cookie',
  'Surrogate-Control',
  'Trailer',
]

describe.each(FAILURES)('when the store fails %s', (_, script) => {
  let log: ReturnType<typeof vi.spyOn>
  beforeEach(() => {
    log = vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => {
    log.mockRestore()
  })

  function assertOutage(text: string): void {
    expect(text).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/)
    expect(linesOf(text, 'retry-after')).toEqual(['1'])
    expect(linesOf(text, 'cache-control')).toEqual(['no-store'])
    expect(linesOf(text, 'content-type')).toEqual(['text/plain; charset=utf-8'])
    for (const name of [...ABOUT_A_RESPONSE, 'Transfer-Encoding']) {
      expect([name, ...linesOf(text, name.toLowerCase())]).toEqual([name])
    }
    expect(text).not.toMatch(/secret|redis|10\.0\.0\.7|ERR_/)
  }

  test('an error takes the place of the whole response; headers about server and connection stay', async () => {
    const text = await answer(script(), (__, response) => {
      response.statusCode = 201
      response.statusMessage = 'All Is Well'
      for (const name of [...ABOUT_A_RESPONSE, 'X-Request-Id', 'Access-Control-Allow-Origin']) {
        response.setHeader(name, `of ${name}`)
      }
      response.setHeader('Transfer-Encoding', 'chunked')
      response.end('secret')
    })
    assertOutage(text)
    expect(linesOf(text, 'x-request-id')).toEqual(['of X-Request-Id'])
    expect(linesOf(text, 'access-control-allow-origin')).toEqual(['of Access-Control-Allow-Origin'])
  })

  test('headers given to writeHead do not go out either', async () => {
    assertOutage(
      await answer(script(), (__, response) =>
        response.writeHead(200, { ETag: '"1"', 'Set-Cookie': 'a=1' }).end('secret'),
      ),
    )
  })

  test('a stream that keeps writing crashes nothing, and gets the error', async () => {
    const heard: unknown[] = []
    const text = await answer(script(), async (__, response) => {
      response.write('secret', (error) => heard.push(error))
      for (let round = 0; round < 5; round++) {
        await tick()
        response.write(`secret ${round}`)
      }
      response.end('secret end')
    })
    assertOutage(text)
    await vi.waitFor(() => expect(heard).toEqual([OUTAGE]))
  })

  test('a handler that waits for drain does not wait for ever', async () => {
    const done = vi.fn()
    assertOutage(
      await answer(script(), async (__, response) => {
        const large = 'secret '.repeat(10_000)
        for (let round = 0; round < 3; round++) if (!response.write(large)) await once(response, 'drain')
        done()
      }),
    )
    await vi.waitFor(() => expect(done).toHaveBeenCalledOnce())
  })

  test('the callback of end comes without an argument, when the error is out', async () => {
    const heard: unknown[] = []
    assertOutage(
      await answer(script(), (__, response) =>
        response.end('secret', (...args: unknown[]) => heard.push(args, response.writableFinished)),
      ),
    )
    expect(heard).toEqual([[], true])
  })

  test('an error page of the framework may take the place of a response that had ended', async () => {
    const errors: unknown[] = []
    const text = await answer(
      script(),
      (__, response) => {
        for (const [name, value] of Object.entries(OF_THE_ANSWER)) response.setHeader(name, value)
        response.end('secret')
      },
      (error, response) => {
        errors.push(error)
        expect([response.headersSent, response.writableEnded]).toEqual([false, false])
        response.writeHead(503, { 'X-Page': 'ours' }).end('an error page')
      },
    )
    expect(errors).toEqual([OUTAGE])
    expect(text).toMatch(/^HTTP\/1.1 503 .*\r\n\r\nd\r\nan error page\r\n0\r\n\r\n$/s)
    expect(linesOf(text, 'x-page')).toEqual(['ours'])
    for (const name of Object.keys(OF_THE_ANSWER)) expect([name, ...linesOf(text, name)]).toEqual([name])
  })

  const OF_THE_ANSWER = {
    etag: '"1"',
    'content-type': 'image/png',
    'content-length': 6,
    'cache-control': 'public, max-age=60',
  }

  test('but not of a stream, whose handler is still writing', async () => {
    const next = vi.fn()
    const text = await answer(
      script(),
      async (__, response) => {
        response.write('secret')
        await tick()
        await tick()
        response.end()
      },
      next,
    )
    assertOutage(text)
    expect(next).not.toHaveBeenCalled()
  })

  test('an outage is not printed, because core reported it', async () => {
    await answer(script(), (__, response) => response.end())
    expect(log).not.toHaveBeenCalled()
  })
})

describe('the end of a stream', () => {
  test('waits until late edits are stored', async () => {
    let stored = false
    const script = scripted(
      () => CHANGES,
      () =>
        tick().then(() => {
          stored = true
        }),
    )
    let storedAtFinish = false
    const text = await answer(script, (_, response) => {
      response.once('finish', () => {
        storedAtFinish = stored
      })
      response.write('a')
      response.end('b')
      expect(response.writableEnded).toBe(true)
    })
    expect(text).toMatch(/a\r\n1\r\nb\r\n0\r\n\r\n$/)
    expect(storedAtFinish).toBe(true)
  })

  test.each([
    [
      'at once',
      (): never => {
        throw OUTAGE
      },
    ],
    ['later', () => Promise.reject(OUTAGE)],
  ])(
    'never comes when late edits cannot be stored: the client must not take the response for whole (%s)',
    async (_, finish) => {
      const text = await answer(
        scripted(() => CHANGES, finish),
        (__, response) => {
          response.write('a')
          response.end('b')
        },
      )
      expect(text).not.toMatch(/0\r\n\r\n$/)
    },
  )

  test.each([
    ['at once', () => {}],
    ['later', () => Promise.resolve()],
    ['with an error', () => Promise.reject(OUTAGE)],
  ])('a client that leaves gets its edits stored though the handler never ends (%s)', async (_, finish) => {
    const script = scripted(() => CHANGES, finish)
    wire = await serveWire((__, response) => {
      new HeldResponse(response, script.exchange)
      response.writeHead(200)
      response.write('a')
    })
    const socket = wire.open()
    socket.write(GET)
    await once(socket, 'data')
    expect(script.calls).toEqual(['commit'])
    socket.destroy()
    await vi.waitFor(() => expect(script.calls).toEqual(['commit', 'finish']))
  })
})

test('two kinds of sessions share one response', async () => {
  const inner = scripted(() => Promise.resolve([COOKIE]))
  const outer = scripted(() => Promise.resolve([{ ...COOKIE, value: 'admin=t' }]))
  wire = await serveWire((_, response) => {
    new HeldResponse(response, inner.exchange)
    new HeldResponse(response, outer.exchange)
    response.write('a')
    response.end('b')
  })
  const text = await wire.exchange(LAST)
  expect(linesOf(text, 'set-cookie').sort()).toEqual(['admin=t', 'session=t; HttpOnly'])
  expect(text).toMatch(/a\r\n1\r\nb\r\n0\r\n\r\n$/)
  expect([inner.calls, outer.calls]).toEqual([
    ['commit', 'finish'],
    ['commit', 'finish'],
  ])
})

test('over HTTP/2, too, a response that is held back looks sent to its handler', async () => {
  const { script, open } = gate()
  const seen: unknown[] = []
  const server = createHttp2Server((_, response) => {
    new HeldResponse(response, script.exchange)
    response.setHeader('x-first', '1')
    response.end('first')
    seen.push(response.headersSent, response.writableEnded)
    seen.push(codeOf(() => response.setHeader('x-second', '1')))
    seen.push(codeOf(() => response.appendHeader('x-first', '1')))
    seen.push(codeOf(() => response.removeHeader('x-first')))
    seen.push(codeOf(() => response.writeHead(500)))
    open()
  })
  const { origin, close } = await listen(server)
  const client = connect(origin)
  const stream = client.request({ ':path': '/' })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  expect(seen).toEqual([true, true, ...Array(4).fill('ERR_HTTP_HEADERS_SENT')])
  expect([headers[':status'], headers['x-first'], headers['x-second']]).toEqual([200, '1', undefined])
  expect(headers['set-cookie']).toEqual([COOKIE.value])
  client.destroy()
  await close()
})

test('2 No lost update: edits of a stream are stored when an HTTP/2 client closes it without an error', async () => {
  const script = scripted(() => CHANGES)
  const server = createHttp2Server((request, response) => {
    new HeldResponse(response, script.exchange)
    // As long as the body is held back and the connection lasts, node emits no `close`.
    request.pause()
    response.write('first')
  })
  const { origin, close } = await listen(server)
  const client = connect(origin).on('error', () => {})
  const stream = client.request({ ':path': '/', ':method': 'POST' }).on('error', () => {})
  stream.write('unread')
  await once(stream, 'response')
  expect(script.calls).toEqual(['commit'])
  stream.close(0)
  await vi.waitFor(() => expect(script.calls).toEqual(['commit', 'finish']))
  client.destroy()
  await close()
  expect(script.calls).toEqual(['commit', 'finish'])
})

test.each([false, true])(
  'headers that went out past the held calls are no reason to throw in the handler (flushed: %s)',
  async (flushes) => {
    const script = scripted(() => CHANGES)
    const text = await answer(script, (_, response) => {
      ServerResponse.prototype.writeHead.call(response, 202)
      if (flushes) response.flushHeaders()
      response.end('late')
    })
    expect(text).toMatch(/^HTTP\/1.1 202 /)
    expect(linesOf(text, 'set-cookie')).toEqual([])
    expect(script.calls).toEqual(['commit', 'finish'])
  },
)

test('only the one response is changed: no prototype, and no other response', async () => {
  const prototypes = [ServerResponse.prototype, OutgoingMessage.prototype, Stream.prototype, IncomingMessage.prototype]
  const describeAll = (): unknown[] => prototypes.map((one) => Object.getOwnPropertyDescriptors(one))
  const before = describeAll()
  const own = { first: [] as string[], second: [] as string[] }
  let requests = 0
  wire = await serveWire((_, response) => {
    if (requests++ === 0) {
      new HeldResponse(response, scripted(() => tick().then(() => CHANGES)).exchange)
      response.end('first')
      expect(describeAll()).toEqual(before)
      own.first = HELD.filter((name) => Object.hasOwn(response, name))
    } else {
      response.end('second')
      own.second = HELD.filter((name) => Object.hasOwn(response, name))
    }
  })
  await wire.exchange(GET, LAST)
  expect(own).toEqual({ first: HELD, second: [] })
  expect(describeAll()).toEqual(before)
})

const HELD = ['writeHead', 'write', 'end', 'flushHeaders', 'destroy']
