import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Headers, HttpResponse, SentRequest } from './exchange.ts'

export interface WireOptions {
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  /** Accepts any certificate. */
  readonly insecureTls: boolean
  readonly signal?: AbortSignal
}

/**
 * Sends one request over a new connection: a clean client must share nothing with another, not even a connection that the server
 * may have tied to a login. Rejects if no answer comes.
 */
export function sendOnce(sent: SentRequest, options: WireOptions): Promise<HttpResponse> {
  const url = new URL(sent.url)
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: sent.method,
      // Raw and in order. Duplicates are kept.
      headers: [...sent.headers.flat(), 'connection', 'close'],
      agent: false,
      rejectUnauthorized: !options.insecureTls,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${options.timeoutMs} ms`)),
      options.timeoutMs,
    )
    outgoing.once('close', () => clearTimeout(timer))
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      readBody(incoming, options.maxBodyBytes).then((bytes) => resolve(toResponse(incoming, bytes)), reject)
    })
    outgoing.end(sent.body ?? undefined)
  })
}

/** Reads at most this many bytes, and does not wait for the rest. */
async function readBody(incoming: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= most) break
  }
  return Buffer.concat(chunks).subarray(0, most)
}

function toResponse(incoming: IncomingMessage, bytes: Buffer): HttpResponse {
  const headers: Headers = Array.from({ length: incoming.rawHeaders.length / 2 }, (_, i) => [
    (incoming.rawHeaders[i * 2] ?? '').toLowerCase(),
    incoming.rawHeaders[i * 2 + 1] ?? '',
  ])
  return { status: incoming.statusCode ?? 0, headers, body: decoded(incoming.headers['content-encoding'], bytes) }
}

/** No compression is requested, but some servers compress anyway. */
function decoded(encoding: string | undefined, bytes: Buffer): string {
  try {
    if (encoding === 'gzip') return gunzipSync(bytes).toString()
    if (encoding === 'deflate') return inflateSync(bytes).toString()
    if (encoding === 'br') return brotliDecompressSync(bytes).toString()
  } catch {
    return ''
  }
  return bytes.toString()
}
