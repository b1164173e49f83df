import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Bus } from '../stores/around/near-cache/bus.ts'
import { closeOnce } from './_close-once.ts'
import { assertChannel, connectedBus, type Wire, type WireEvents } from './_connected.ts'
import { createEchoes } from './_echoes.ts'
import { openRedis } from './_open-redis.ts'

export type { Bus, BusListener } from '../stores/around/near-cache/bus.ts'

type Hear = (message: string, channel: string) => void

/** The members of a `redis` client (node-redis) that the bus uses, for one node or a cluster. */
export interface NodeRedisBusClient {
  publish(channel: string, message: string): Promise<unknown>
  duplicate(): {
    connect(): Promise<unknown>
    on(event: string, listener: (error?: unknown) => void): unknown
    subscribe(channels: string[], listener: Hear): Promise<unknown>
    destroy(): unknown
  }
}

/** The members of an `ioredis` or `iovalkey` client that the bus uses: one server, behind Sentinel, or a Cluster. */
export interface IoRedisBusClient {
  readonly status: string
  readonly isCluster: boolean
  publish(channel: string, message: string): Promise<unknown>
  duplicate(...options: never[]): {
    on(event: 'message', listener: (channel: string, message: string) => void): unknown
    on(event: string, listener: (error?: unknown) => void): unknown
    subscribe(...channels: string[]): Promise<unknown>
    disconnect(): unknown
  }
}

export interface RedisBusOptions {
  /** The bus sends through this client, and listens on a connection of its own, which `client.duplicate()` makes. */
  readonly client?: NodeRedisBusClient | IoRedisBusClient
  /** Instead of `client`. Needs the package `redis`. */
  readonly url?: string
  /** Default `'sojourn'`. */
  readonly channel?: string
}

/**
 * A bus over pub/sub of Redis or Valkey. For its proof it sends a message through the sending client and waits for it on the
 * listening connection, so that it notices a break of either.
 */
export function redisBus(options: RedisBusOptions): Bus {
  checkOptions(options, { client: 'any', url: 'any', channel: 'any' }, 'redisBus')
  const { client, url, channel = 'sojourn' } = options
  assertChannel(channel, 'redisBus')
  if ((client === undefined) === (url === undefined))
    throw new SessionError('ERR_OPTION', 'redisBus: give either client or url.')
  if (client !== undefined && typeof client.duplicate !== 'function')
    throw new SessionError(
      'ERR_OPTION',
      'redisBus: client must have duplicate(), as node-redis and ioredis clients have.',
    )
  return connectedBus({
    name: 'redis',
    maxLength: 32_000,
    async connect(events, node, signal) {
      if (client !== undefined) return listen(client, channel, node, events, signal)
      const own = await openRedis(url ?? '', 'redisBus', signal)
      try {
        const wire = await listen(own, channel, node, events, signal)
        return { ...wire, close: () => [wire.close(), own.destroy()] }
      } catch (error) {
        own.destroy()
        throw error
      }
    },
  })
}

async function listen(
  client: NodeRedisBusClient | IoRedisBusClient,
  channel: string,
  node: string,
  events: WireEvents,
  signal: AbortSignal,
): Promise<Wire> {
  const echoes = createEchoes()
  const own = `${channel}:${node}`
  const hear: Hear = (message, from) => (from === own ? echoes.heard(message) : events.received(message))
  const { close, subscribe } = 'status' in client ? ioRedisListener(client, hear) : nodeRedisListener(client, hear)
  signal.addEventListener('abort', close)
  try {
    await subscribe([channel, own], (error) => {
      close()
      events.ended(error)
    })
  } catch (error) {
    close()
    throw error
  }
  return {
    send: (message) => client.publish(channel, message),
    probe: () => echoes.ask((text) => client.publish(own, text)),
    close,
  }
}

/** Both clients reconnect by themselves. But they have missed messages by then, so the first break ends the listener. */
interface Listener {
  subscribe(channels: string[], broken: (error?: unknown) => void): Promise<void>
  close(): void
}

function nodeRedisListener(client: NodeRedisBusClient, hear: Hear): Listener {
  const listener = client.duplicate()
  listener.on('error', () => undefined)
  return {
    async subscribe(channels, broken) {
      await listener.connect()
      await listener.subscribe(channels, hear)
      for (const event of ['error', 'reconnecting', 'end', 'node-disconnect', 'node-error']) listener.on(event, broken)
    },
    close: closeOnce(() => listener.destroy()),
  }
}

function ioRedisListener(client: IoRedisBusClient, hear: Hear): Listener {
  // It must connect now and queue the subscription until then, whatever options the application's client has.
  const options = { enableOfflineQueue: true, lazyConnect: false }
  const args = client.isCluster ? [[], options] : [options]
  const listener = client.duplicate(...(args as never[]))
  listener.on('error', () => undefined)
  listener.on('message', (channel, message) => hear(message, channel))
  return {
    async subscribe(channels, broken) {
      await listener.subscribe(...channels)
      for (const event of ['error', 'close', 'end', '-node']) listener.on(event, broken)
    },
    close: closeOnce(() => listener.disconnect()),
  }
}
