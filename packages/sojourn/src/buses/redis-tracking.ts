import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId } from '../core/contracts/record.ts'
import type { Bus } from '../stores/around/near-cache/bus.ts'
import { closeOnce } from './_close-once.ts'
import { connectedBus, type Wire, type WireEvents } from './_connected.ts'
import { openRedis } from './_open-redis.ts'

export type { Bus, BusListener } from '../stores/around/near-cache/bus.ts'

/** The members of a `redis` client (node-redis 5, one node) that the bus uses. */
export interface TrackingClient {
  duplicate(options: { RESP: 3; emitInvalidate: true }): {
    connect(): Promise<unknown>
    on(event: string, listener: (payload?: unknown) => void): unknown
    sendCommand(args: string[]): Promise<unknown>
    destroy(): unknown
  }
}

export interface RedisTrackingBusOptions {
  /** The bus listens on a connection of its own, which `client.duplicate()` makes. */
  readonly client?: TrackingClient
  /** Instead of `client`. Needs the package `redis`. */
  readonly url?: string
  /** The prefix of the store's keys, as given to `redisStore`. Default `'sojourn:'`. */
  readonly prefix?: string
}

/** Not the name of a node: with tracking, the server sends the messages. */
const SERVER = 'server'

/**
 * A bus that the Redis or Valkey server drives: client-side caching in broadcast mode (`CLIENT TRACKING ... BCAST`, RESP3). The
 * server names every key of the store that changed, whichever program changed it. Nodes publish nothing. For one server, not for
 * a Cluster.
 */
export function redisTrackingBus(options: RedisTrackingBusOptions): Bus {
  checkOptions(options, { client: 'any', url: 'any', prefix: 'any' }, 'redisTrackingBus')
  const { client, url, prefix = 'sojourn:' } = options
  if ((client === undefined) === (url === undefined))
    throw new SessionError('ERR_OPTION', 'redisTrackingBus: give either client or url.')
  if (typeof prefix !== 'string' || prefix === '')
    throw new SessionError(
      'ERR_OPTION',
      'redisTrackingBus: prefix must be the prefix that redisStore has for its keys, and not empty.',
    )
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
  // The server reports every change itself.
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
    // `null` means every key, as after FLUSHALL.
    if (key === null) return events.interrupted()
    const name = `${key}`
    if (name.startsWith(prefix)) events.received(`${SERVER} ${name.slice(prefix.length) as SessionId}`)
  })
  try {
    // The client turns on another mode by itself, which covers only keys that this connection reads. It reads none.
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
    // Answers and notices arrive over one connection, in order. ECHO, because a server that cannot save to its disk refuses PING.
    probe: () => listener.sendCommand(['ECHO', '']),
    close,
  }
}
