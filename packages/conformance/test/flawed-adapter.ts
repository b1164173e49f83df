import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AdapterContext, AdapterData, AdapterReply } from '@sojourn/conformance'
import type { Exchange, HeaderChange, MaybePromise, RequestView, Sessions } from 'sojourn'

type Opened = Exchange<AdapterData>

/** The decisions of an adapter, each of which can be got wrong. */
export interface Decisions {
  open(sessions: Sessions<AdapterData>, view: RequestView): MaybePromise<Opened>
  isDenied(exchange: Opened): boolean
  /** The response that a guard gives. */
  deny(exchange: Opened): AdapterReply
  commit(exchange: Opened): MaybePromise<readonly HeaderChange[]>
  apply(response: ServerResponse, change: HeaderChange): void
  send(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void>
  finish(exchange: Opened): MaybePromise<void>
  /** The response to the client if `finish` fails. */
  fail(response: ServerResponse): void
  leave(exchange: Opened): unknown
  statusOf(error: unknown): number
  /** Whether a handler's error is answered with the session's headers. */
  readonly errorsCommit: boolean
}

export const RIGHT: Decisions = {
  open: (sessions, view) => sessions.open(view),
  isDenied: ({ answer }) => answer !== null,
  deny: ({ answer }) => ({
    status: answer?.status ?? 500,
    headers: Object.entries({ 'cache-control': 'no-store', ...answer?.headers }),
    body: answer?.body ?? `${answer?.message}\n`,
  }),
  commit: (exchange) => exchange.commit(),
  apply(response, { name, value, how }) {
    const present = response.getHeader(name)
    if (how === 'replace' && value === '') response.removeHeader(name)
    else if (how === 'replace') response.setHeader(name, value)
    else if (present === undefined) response.setHeader(name, value)
    else if (how === 'append' && name.toLowerCase() !== 'vary') response.appendHeader(name, value)
    else if (how === 'append' && !/cookie/i.test(String(present))) response.setHeader(name, `${present}, ${value}`)
  },
  async send(response, pieces) {
    for await (const piece of pieces) response.write(piece)
  },
  finish: (exchange) => exchange.finish(),
  fail: (response) => response.destroy(),
  leave: (exchange) => exchange.finish(),
  statusOf: (error) => (error as { status?: number }).status ?? 500,
  errorsCommit: true,
}

/** An adapter by hand for node:http, all right but for what is given. */
export function contextOf(wrong: Partial<Decisions>): AdapterContext {
  const decisions = { ...RIGHT, ...wrong }
  return {
    errorPages: true,
    async serve(sessions, handle) {
      const server = createServer(async (request, response) => {
        try {
          const exchange = await decisions.open(sessions, viewOf(request))
          response.once('close', () => void leave(decisions, exchange))
          const received = { method: request.method ?? '', url: request.url ?? '' }
          let reply: AdapterReply
          try {
            reply = decisions.isDenied(exchange) ? decisions.deny(exchange) : await handle(exchange.session, received)
          } catch (error) {
            if (!decisions.errorsCommit) throw error
            reply = { status: 500 }
          }
          await answer(decisions, response, exchange, reply)
        } catch (error) {
          const status = decisions.statusOf(error)
          if (!response.headersSent) response.writeHead(status, status === 503 ? { 'retry-after': '1' } : {}).end()
        }
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const close = (): void => void server.close().closeAllConnections()
      return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
    },
  }
}

/** No caller waits for it any more, so an error is ignored. */
async function leave(decisions: Decisions, exchange: Opened): Promise<void> {
  try {
    await decisions.leave(exchange)
  } catch {}
}

async function answer(
  decisions: Decisions,
  response: ServerResponse,
  exchange: Opened,
  { status = 200, headers = [], body = '' }: AdapterReply,
): Promise<void> {
  const changes = await decisions.commit(exchange)
  response.statusCode = status
  for (const [name, value] of headers) response.appendHeader(name, value)
  for (const change of changes) decisions.apply(response, change)
  if (typeof body === 'string') return void response.end(body)
  await decisions.send(response, body)
  try {
    await decisions.finish(exchange)
    response.end()
  } catch {
    decisions.fail(response)
  }
}

function viewOf(request: IncomingMessage): RequestView {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    secure: false,
    peer: request.socket.remoteAddress ?? null,
    header: (name) => (request.headers[name] as string | undefined) ?? null,
  }
}
