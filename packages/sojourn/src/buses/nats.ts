import { checkOptions } from '../core/contracts/check-options.ts'
import type { Bus } from '../stores/around/near-cache/bus.ts'
import { assertChannel, connectedBus, type Wire, type WireEvents } from './_connected.ts'

export type { Bus, BusListener } from '../stores/around/near-cache/bus.ts'

/** The members of a connection of `@nats-io/transport-node` (or `nats.ws`, or `nats` 2) that the bus uses. */
export interface NatsConnection {
  publish(subject: string, payload: string): void
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: { string(): string }) => void },
  ): { unsubscribe(): void }
  /** Resolves when the server has answered everything that was sent before. Its messages arrive in the same order. */
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
  isClosed(): boolean
}

export interface NatsBusOptions {
  /** The bus never closes this connection. */
  readonly connection: NatsConnection
  /** The subject. Default `'sojourn'`. */
  readonly channel?: string
}

/** A bus over core NATS; JetStream is not needed. */
export function natsBus(options: NatsBusOptions): Bus {
  checkOptions(options, { connection: 'any', channel: 'any' }, 'natsBus')
  const { connection, channel = 'sojourn' } = options
  assertChannel(channel, 'natsBus')
  return connectedBus({
    name: 'nats',
    maxLength: 32_000,
    connect: (events) => listen(connection, channel, events),
  })
}

async function listen(connection: NatsConnection, subject: string, events: WireEvents): Promise<Wire> {
  const subscription = connection.subscribe(subject, {
    callback(error, message) {
      if (error !== null) events.interrupted(error)
      else events.received(toText(message))
    },
  })
  void watch(connection, events)
  await connection.flush()
  return {
    async send(message) {
      connection.publish(subject, message)
      await connection.flush()
    },
    probe: () => connection.flush(),
    close: () => subscription.unsubscribe(),
  }
}

/** The client throws if the bytes are not text. */
function toText(message: { string(): string }): string | null {
  try {
    return message.string()
  } catch {
    return null
  }
}

/** Reports every break and every reconnection, because messages that were sent in between did not arrive. */
async function watch(connection: NatsConnection, events: WireEvents): Promise<void> {
  const breaks = ['disconnect', 'reconnect', 'staleConnection', 'slowConsumer', 'forceReconnect']
  try {
    for await (const { type } of connection.status()) if (breaks.includes(type)) events.interrupted()
    events.ended()
  } catch (error) {
    events.ended(error)
  }
}
