import type { EventEmitter } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:http2'
import { gunzipSync } from 'node:zlib'

/** The result of one response for the client and for the process. */
export interface Fate {
  readonly status: number | null
  readonly headers: Record<string, unknown>
  readonly trailers: Record<string, unknown>
  readonly body: string
  readonly isWhole: boolean
  readonly hints: number
  /** The session's cookies. */
  readonly cookies: number
}

interface Received {
  status: number | null
  headers: IncomingHttpHeaders
  trailers: Record<string, unknown>
  chunks: Buffer[]
  isWhole: boolean
  hints: number
}

/** Ours, and what no two responses share. */
const NOT_COMPARED = ['date', 'set-cookie', 'cache-control', 'vary', 'keep-alive', 'connection', 'retry-after']

export interface Asking {
  readonly isHttp2: boolean
  readonly method: 'GET' | 'HEAD'
  /** The client goes away with the first bytes. */
  readonly leaves: boolean
  /** Called when the head is here, and with each piece of the body. */
  readonly onHead: () => void
  readonly onBytes: () => void
}

export async function ask(origin: string, asking: Asking): Promise<Fate> {
  const received: Received = { status: null, headers: {}, trailers: {}, chunks: [], isWhole: false, hints: 0 }
  await (asking.isHttp2 ? askHttp2 : askHttp1)(origin, asking, received)
  const { status, headers, trailers, isWhole, hints } = received
  const cookies = (headers['set-cookie'] ?? []).filter((line) => line.includes('session=')).length
  return {
    status,
    headers: compared(headers),
    trailers,
    body: asking.leaves ? '' : bodyOf(received),
    isWhole: isWhole && !asking.leaves,
    hints,
    cookies,
  }
}

function compared(headers: IncomingHttpHeaders): Record<string, unknown> {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith(':') && !NOT_COMPARED.includes(name))
  // Fetch's own default and that of @hono/node-server differ by a space.
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value).replace('; charset', ';charset')]))
}

/** Only the fate of an aborted response is compared: how much of it arrives is random. */
function bodyOf({ chunks, headers, isWhole }: Received): string {
  if (!isWhole) return ''
  const bytes = Buffer.concat(chunks)
  if (headers['content-encoding'] !== 'gzip' || bytes.length === 0) return bytes.toString()
  try {
    return gunzipSync(bytes).toString()
  } catch (error) {
    return `cannot be decoded: ${(error as { code?: string }).code}`
  }
}

/** `once` would reject with what broke the response off, and that is a fate too. */
function closeOf(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()))
}

async function askHttp1(
  origin: string,
  { method, leaves, onHead, onBytes }: Asking,
  received: Received,
): Promise<void> {
  const sent = request(origin, { agent: false, method, headers: { 'accept-encoding': 'gzip', te: 'trailers' } })
  const closed = closeOf(sent)
  sent.on('error', () => {})
  sent.on('information', () => {
    received.hints++
  })
  sent.on('response', (response) => {
    received.status = response.statusCode ?? null
    received.headers = response.headers
    onHead()
    response.on('error', () => {})
    response.on('data', (chunk: Buffer) => {
      received.chunks.push(chunk)
      onBytes()
      if (leaves) sent.destroy()
    })
    response.on('end', () => {
      received.isWhole = response.complete
      received.trailers = response.trailers
    })
  })
  sent.end()
  await closed
}

async function askHttp2(
  origin: string,
  { method, leaves, onHead, onBytes }: Asking,
  received: Received,
): Promise<void> {
  const client = connect(origin)
  client.on('error', () => {})
  const stream = client.request({ ':method': method, ':path': '/', 'accept-encoding': 'gzip', te: 'trailers' })
  const closed = closeOf(stream)
  stream.on('error', () => {})
  stream.on('headers', () => {
    received.hints++
  })
  stream.on('response', (headers) => {
    received.status = headers[':status'] ?? null
    received.headers = headers as IncomingHttpHeaders
    onHead()
  })
  stream.on('trailers', (trailers) => {
    received.trailers = { ...trailers }
  })
  stream.on('data', (chunk: Buffer) => {
    received.chunks.push(chunk)
    onBytes()
    if (leaves) stream.close()
  })
  stream.on('end', () => {
    received.isWhole = stream.rstCode === 0
  })
  await closed
  received.isWhole = received.isWhole && stream.rstCode === 0
  client.destroy()
}

/** Runs `work` while nobody else hears of what ends a process; answers with what did. */
export async function watchCrashes(work: () => Promise<void>): Promise<string[]> {
  const crashes: string[] = []
  const names = ['uncaughtException', 'unhandledRejection'] as const
  const before = names.map((name) => process.rawListeners(name as 'uncaughtException'))
  const record = (error: unknown): void => {
    crashes.push(String((error as { code?: string }).code ?? error))
  }
  for (const name of names) process.removeAllListeners(name).on(name, record)
  try {
    await work()
    for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve))
  } finally {
    for (const [index, name] of names.entries()) {
      process.removeAllListeners(name)
      for (const listener of before[index] ?? []) process.on(name, listener as () => void)
    }
  }
  return crashes
}
