import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId } from '../core/contracts/record.ts'
import type { Bus } from '../stores/near-cache/bus.ts'
import { closeOnce } from './_close-once.ts'
import { connectedBus, type Wire, type WireEvents } from './_connected.ts'
import { openRedis } from './_open-redis.ts'

export type { Bus, BusListener } from '../stores/near-cache/bus.ts'

/** What the bus needs of a client of `redis` (node-redis 5), of one node. */
export interface TrackingClient {
  duplicate(options: { RESP: 3; emitInvalidate: true }): {
    connect(): Promise<unknown>
    on(event: string, listener: (payload?: unknown) => void): unknown
    sendCommand(args: string[]): Promise<unknown>
    destroy(): unknown
  }
}

export interface RedisTrackingBusOptions {
  /** Listens on a connection of its own, made by `client.duplicate()`. */
  readonly client?: TrackingClient
  /** Instead of `client`. Needs the package `redis`. */
  readonly url?: string
  /** What the store's keys begin with, as given to `redisStore`. Default `'sojourn:'`. */
  readonly prefix?: string
}

/** Not that of any node: in tracking nobody sends. */
const SERVER = 'server'

/**
 * A bus that the Redis or Valkey server drives: client-side caching in broadcast mode (`CLIENT TRACKING ... BCAST`, RESP3).
 * The server names every key of the store that changed, whoever changed it. Nothing is published, so nobody can forget to.
 * For one server, not for a Cluster.
 */
export function redisTrackingBus({ client, url, prefix = 'sojourn:' }: RedisTrackingBusOptions): Bus {
  if ((client === undefined) === (url === undefined))
    throw new SessionError('ERR_OPTION', 'redisTrackingBus: give either client or url.')
  if (typeof prefix !== 'string' || prefix === '')
    throw new SessionError('ERR_OPTION', 'redisTrackingBus: prefix must be what the keys begin with.')
  const bus = connectedBus({
    name: 'redis-tracking',
    maxLength: 32_000,
    async connect(events, _node, signal) {
      const options = { RESP: 3, emitInvalidate: true } as const
      const listener =
        client === undefined
          ? await openRedis(url ?? '', 'redisTrackingBus', signal, options)
          : await connected(client.duplicate(options), signal)
      return track(listener, prefix, events)
    },
  })
  // The server knows already.
  return { ...bus, publish() {} }
}

type Tracking = ReturnType<TrackingClient['duplicate']>

async function connected(listener: Tracking, signal: AbortSignal): Promise<Tracking> {
  const destroy = closeOnce(() => listener.destroy())
  signal.addEventListener('abort', destroy)
  listener.on('error', () => undefined)
  await listener.connect()
  return listener
}

async function track(listener: Tracking, prefix: string, events: WireEvents): Promise<Wire> {
  const close = closeOnce(() => listener.destroy())
  listener.on('invalidate', (key) => {
    // `null`: everything, as after FLUSHALL.
    if (key === null) return events.interrupted()
    const name = `${key}`
    if (name.startsWith(prefix)) events.received(`${SERVER} ${name.slice(prefix.length) as SessionId}`)
  })
  try {
    // The client itself turns on another mode, for keys that this connection reads: none.
    await listener.sendCommand(['CLIENT', 'TRACKING', 'OFF'])
    await listener.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', prefix])
  } catch (error) {
    close()
    throw error
  }
  for (const event of ['error', 'reconnecting', 'end']) {
    listener.on(event, (error) => {
      close()
      events.ended(error)
    })
  }
  return {
    send: async () => undefined,
    // Answers and news come over one connection, in their order. PING is refused by a server that cannot save to its disk.
    probe: () => listener.sendCommand(['ECHO', '']),
    close,
  }
}
