import type { Candidates, Carrier, RequestView } from '../core/contracts/carrier.ts'
import { checkArgument, checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import { isHandshake } from '../core/lib/view.ts'
import { issueTicket, type TicketUse, takeTicket } from '../core/request/ticket.ts'

export interface TicketOptions {
  /** How long a ticket is valid, at most a minute. Default `'30s'`. */
  readonly life?: Duration
}

export interface IssueOptions {
  /** The path that the client connects to, without the query: `/chat`. */
  readonly path: string
  /** The origin of the page that connects, as browsers write it; `null` for a client that sends none. */
  readonly origin: string | null
}

/** The carrier, and the function that makes tickets. */
export interface TicketCarrier extends Carrier {
  /**
   * Resolves with a ticket for this session: a text of letters, digits, `-` and `_`. It opens one connection, of this path and
   * origin, while it is valid and the session has not ended and its token was not rotated.
   *
   * @throws `ERR_NOT_AUTHENTICATED`, `ERR_UNSUPPORTED` if the store may lose writes, `ERR_STORE`.
   */
  issue(session: Session<object>, options: IssueOptions): Promise<string>
}

/** How a browser presents a ticket beside the application's own protocol: `new WebSocket(url, ['chat', 'sojourn.ticket.…'])`. */
export const TICKET_PROTOCOL = 'sojourn.ticket.'
const LONGEST_MS = 60_000

/**
 * One-time tickets, for clients that connect to another host than that of the cookie, or that have none. The client asks for one
 * in a request and presents it in the handshake of a WebSocket, Socket.IO or an event stream: in the query (`?ticket=...`) or as the
 * protocol `sojourn.ticket.…`. It counts on handshakes only. A ticket that is refused does not fall back to a cookie.
 *
 * ```ts
 * const tickets = ticketCarrier()
 * const sessions = createSessions({ carriers: [tickets, cookieCarrier()] })
 * app.post('/ticket', async (req, res) => {
 *   res.json(await tickets.issue(req.session, { path: '/chat', origin: 'https://app.example' }))
 * })
 * ```
 *
 * @throws `ERR_OPTION` if `life` is longer than a minute.
 */
export function ticketCarrier(options: TicketOptions = {}): TicketCarrier {
  checkOptions(options, { life: 'any' }, 'ticketCarrier')
  const lifeMs = toMs(options.life ?? '30s', 'ticketCarrier: life')
  if (lifeMs > LONGEST_MS) throw new SessionError('ERR_OPTION', 'ticketCarrier: life is at most a minute.')
  return {
    name: 'ticket',
    ambient: false,
    // No cache keeps a handshake, and other responses vary by the cookie already.
    vary: 'Cookie',
    readOnly: true,
    read: (view) => (isConnecting(view) ? toCandidates(view) : NONE),
    translate: (text, view) => takeTicket(text, toUse(view)),
    write: () => [],
    clear: () => [],
    async issue(session, { path, origin }) {
      checkArgument(path, 'string', 'ticket: path')
      return issueTicket(session, { path, origin }, lifeMs)
    },
  }
}

const NONE: Candidates = { values: [], overflow: false }

/** A WebSocket, an event stream, or Socket.IO's polling. */
function isConnecting(view: RequestView): boolean {
  return (
    isHandshake(view) ||
    (view.method === 'GET' &&
      (/\btext\/event-stream\b/i.test(view.header('accept') ?? '') || /[?&]EIO=\d/.test(view.url)))
  )
}

function toCandidates(view: RequestView): Candidates {
  const [, query = ''] = view.url.split(/\?(.*)/s)
  const inQuery = new URLSearchParams(query).getAll('ticket')
  const offered = (view.header('sec-websocket-protocol') ?? '').split(',').map((protocol) => protocol.trim())
  const inProtocol = offered.flatMap((one) =>
    one.startsWith(TICKET_PROTOCOL) ? one.slice(TICKET_PROTOCOL.length) : [],
  )
  const [only, ...more] = [...inQuery, ...inProtocol]
  if (only === undefined) return NONE
  return { values: [only], overflow: more.length > 0 }
}

function toUse(view: RequestView): TicketUse {
  const [path = ''] = view.url.split(/[?#]/, 1)
  return { path, origin: view.header('origin') }
}
