import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Bus } from '../stores/around/near-cache/bus.ts'
import { closeOnce } from './_close-once.ts'
import { assertChannel, connectedBus, type Wire, type WireEvents } from './_connected.ts'
import { createEchoes } from './_echoes.ts'

export type { Bus, BusListener } from '../stores/around/near-cache/bus.ts'

/** The members of a `pg` client that the bus uses. */
export interface PgListener {
  query(text: string, values?: string[]): Promise<unknown>
  on(event: 'notification', listener: (message: { channel: string; payload?: string | undefined }) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
}

/** The members of a `pg` `Pool` that the bus uses. */
export interface PgPool {
  connect(): Promise<PgListener & { release(destroy?: boolean): void }>
}

export interface PostgresBusOptions {
  /**
   * A pool. The bus keeps one of its connections to listen. It must lead to PostgreSQL itself, or to a pooler in session mode.
   */
  readonly client?: PgPool
  /** Instead of `client`. Needs the package `pg`. */
  readonly url?: string
  /** Default `'sojourn'`. */
  readonly channel?: string
}

/** PostgreSQL limits payloads to less than 8000 bytes. */
const MAX_LENGTH = 7900

/** A bus over LISTEN and NOTIFY. All nodes must use the same database of the same server. */
export function postgresBus(options: PostgresBusOptions): Bus {
  checkOptions(options, { client: 'any', url: 'any', channel: 'any' }, 'postgresBus')
  const { client, url, channel = 'sojourn' } = options
  assertChannel(channel, 'postgresBus')
  if ((client === undefined) === (url === undefined))
    throw new SessionError('ERR_OPTION', 'postgresBus: give either client, a pool, or url.')
  return connectedBus({
    name: 'postgres',
    maxLength: MAX_LENGTH,
    connect: async (events, node, signal) => {
      const [listener, close] = client === undefined ? await openClient(url ?? '', signal) : await takeFrom(client)
      signal.addEventListener('abort', close)
      try {
        return await listen(listener, close, channel, node, events)
      } catch (error) {
        close()
        throw error
      }
    },
  })
}

type Opened = readonly [listener: PgListener, close: () => void]

async function takeFrom(pool: PgPool): Promise<Opened> {
  const listener = await pool.connect()
  // The connection still listens, so the pool must not use it again.
  return [listener, closeOnce(() => listener.release(true))]
}

async function openClient(connectionString: string, signal: AbortSignal): Promise<Opened> {
  const { Client } = (await importPg()).default
  const client = new Client({ connectionString, connectionTimeoutMillis: 5000, keepAlive: true })
  const close = closeOnce(() => client.end().catch(() => undefined))
  signal.addEventListener('abort', close)
  // Set before the connection listens: an error without a listener ends the process.
  client.on('error', () => undefined)
  await client.connect()
  return [client, close]
}

async function importPg(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (cause) {
    throw new SessionError('ERR_OPTION', 'postgresBus: url needs the package pg. Run: npm install pg', cause)
  }
}

async function listen(
  listener: PgListener,
  close: () => void,
  channel: string,
  node: string,
  events: WireEvents,
): Promise<Wire> {
  const echoes = createEchoes()
  const own = `${channel}_${node.replaceAll('-', '')}`
  const end = (error?: Error): void => {
    close()
    events.ended(error)
  }
  listener.on('error', end)
  listener.on('end', () => end())
  listener.on('notification', (message) => {
    if (message.channel === own) echoes.heard(message.payload)
    else if (message.channel === channel) events.received(message.payload)
  })
  await listener.query(`LISTEN "${channel}"`)
  await listener.query(`LISTEN "${own}"`)
  /** A client runs one query at a time. */
  let last: Promise<unknown> = Promise.resolve()
  function notify(to: string, text: string): Promise<unknown> {
    const done = last.then(() => listener.query('SELECT pg_notify($1, $2)', [to, text]))
    last = done.catch(() => undefined)
    return done
  }
  return {
    send: (message) => notify(channel, message),
    // Notices arrive over this connection in the order of commits.
    probe: () => echoes.ask((text) => notify(own, text)),
    close,
  }
}
