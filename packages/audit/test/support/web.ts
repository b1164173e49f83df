import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A request as the small applications of these tests see it. */
export interface Ask {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly cookies: ReadonlyMap<string, string>
  readonly headers: IncomingMessage['headers']
  /** Came over TLS. */
  readonly encrypted?: boolean
  /** Fields of a form, or of a JSON object. */
  readonly body: Readonly<Record<string, string>>
}

export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly html?: string
  readonly json?: unknown
  readonly to?: string
}

export type App = (ask: Ask) => Reply | Promise<Reply>

export const newId = (): string => randomBytes(16).toString('hex')

export function listenerOf(app: App): RequestListener {
  return (request, response) => {
    handle(app, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  }
}

async function handle(app: App, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://app')
  const reply = await app({
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    cookies: new Map(
      (request.headers.cookie ?? '')
        .split('; ')
        .map((pair) => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]),
    ),
    headers: request.headers,
    encrypted: 'encrypted' in request.socket,
    body: parse(await text(request), request.headers['content-type'] ?? ''),
  })
  if (reply.cookies !== undefined) response.setHeader('set-cookie', [...reply.cookies])
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if (reply.to !== undefined) response.writeHead(reply.status ?? 303, { location: reply.to }).end()
  else if (reply.json !== undefined)
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(reply.json))
  else response.writeHead(reply.status ?? 200, { 'content-type': 'text/html' }).end(reply.html ?? '')
}

function parse(body: string, type: string): Record<string, string> {
  if (type.startsWith('application/json')) {
    try {
      return JSON.parse(body) as Record<string, string>
    } catch {
      return {}
    }
  }
  return Object.fromEntries(new URLSearchParams(body))
}
