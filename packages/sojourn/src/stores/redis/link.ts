import { SessionError } from '../../core/contracts/errors.ts'
import { addressOf, type Emitter, explain, isAnswer, isEmitter, watchErrors } from './last-error.ts'

/** The name of a command, and its arguments. */
export type Command = [name: string, ...args: string[]]

/** What the store needs from a client: it sends one command to the master of the slot of `key`. */
export interface Link {
  send(args: Command, key: string): Promise<unknown>
  /**
   * Counts how often the client may have sent a command twice, because the connection broke before the answer. The answer may
   * then be to the second copy, such as a refusal that the first copy caused.
   */
  resends(): number
  /** Counts how often another server may answer from then on. */
  breaks(): number
  /** Adds to an error of `send` why there is no connection, and to which server, if the client reported it. */
  explain(error: unknown): unknown
  /** Removes the listeners, or closes the connection if the store opened it. */
  close(): Promise<void> | void
}

/** ioredis and iovalkey: one server, behind Sentinel, or a Cluster. */
export interface CallingClient {
  on(event: string, listener: () => void): unknown
  removeListener(event: string, listener: () => void): unknown
  call(command: string, ...args: string[]): Promise<unknown>
}

/** node-redis: `createClient`, `createClientPool`. */
export interface SendingClient {
  sendCommand(args: string[], options?: object): Promise<unknown>
}

/** node-redis: `createCluster`. */
export interface SendingCluster {
  sendCommand(key: string | undefined, isReadonly: boolean, args: string[], options?: object): Promise<unknown>
  nodeClient(node: never): unknown
}

/** node-redis: `createSentinel`. */
export interface SendingSentinel {
  sendCommand(isReadonly: boolean, args: string[], options?: object): Promise<unknown>
  getMasterNode(): unknown
}

/**
 * The client that the store sends commands through. It is typed by the members that the store uses, so that no driver is a
 * dependency.
 */
export type RedisClient = CallingClient | SendingClient | SendingCluster | SendingSentinel

/** Answers as strings, whatever the client is configured to return. */
const AS_TEXT = { typeMapping: {} }

export function toLink(client: RedisClient): Link {
  if (typeof client !== 'object' || client === null) throw notAClient()
  if ('call' in client && typeof client.call === 'function') return callingLink(client)
  if ('sendCommand' in client && typeof client.sendCommand === 'function') {
    if ('nodeClient' in client) return clusterLink(client)
    if ('getMasterNode' in client) return sentinelLink(client)
    return sendingLink(client)
  }
  throw notAClient()
}

function notAClient(): SessionError {
  return new SessionError('ERR_OPTION', 'redisStore: client must be a client of node-redis, ioredis or iovalkey.')
}

/** node-redis sends a command once: it rejects commands that were sent when the connection broke. */
function sendingLink(client: SendingClient): Link {
  const watched = watch(client, ['reconnecting'])
  return { ...watched, send: (args) => client.sendCommand(args, AS_TEXT), resends: never }
}

/**
 * Never reads from a replica, which may not have received a logout yet. When a master dies, node-redis keeps calling it until
 * another node reports its successor, but asks none. So we ask any node for the key; it either has the key or redirects.
 */
function clusterLink(client: SendingCluster): Link {
  const watched = watch(client, ['node-disconnect', 'node-reconnecting'])
  let isAsking = false

  function askAround(key: string): void {
    if (isAsking) return
    isAsking = true
    const done = (): void => {
      isAsking = false
    }
    client.sendCommand(undefined, false, ['get', key], AS_TEXT).then(done, done)
  }

  return {
    ...watched,
    resends: never,
    async send(args, key) {
      try {
        return await client.sendCommand(key, false, args, AS_TEXT)
      } catch (error) {
        if (!isAnswer(error)) askAround(key)
        throw error
      }
    },
  }
}

/** Sends again after a failover, without reporting it, but each time it listens for an abort. */
function sentinelLink(client: SendingSentinel): Link {
  const watched = watch(client, ['topology-change', 'client-error'])
  let resends = 0
  return {
    ...watched,
    resends: () => resends,
    send(args) {
      let sends = 0
      const abortSignal = {
        aborted: false,
        addEventListener() {
          if (++sends > 1) resends++
        },
        removeEventListener() {},
      }
      return client.sendCommand(false, args, { ...AS_TEXT, abortSignal })
    },
  }
}

/** A single connection resends after `close`, a Cluster after it lost a node. */
const BREAKS = ['close', '-node']

function callingLink(client: CallingClient): Link {
  assertSafe(client)
  const watched = watch(client, BREAKS)
  return { ...watched, send: (args) => client.call(...args), resends: watched.breaks }
}

/** Counts the events after which another server may answer. A client without events is not listened to. */
function watch(client: object, events: readonly string[]): Pick<Link, 'breaks' | 'explain' | 'close'> {
  let times = 0
  const rise = (): void => {
    times++
  }
  const emitter: Emitter | null = isEmitter(client) ? client : null
  for (const event of events) emitter?.on(event, rise)
  const errors = watchErrors(emitter)
  return {
    breaks: () => times,
    explain: (error) => explain(error, addressOf(client), errors.last()),
    close() {
      for (const event of events) emitter?.removeListener(event, rise)
      errors.close()
    },
  }
}

function assertSafe(client: object): void {
  const options: object = 'options' in client ? Object(client.options) : {}
  const reads = 'scaleReads' in options ? options.scaleReads : 'master'
  if (reads !== 'master' || ('role' in options && options.role === 'slave')) {
    throw new SessionError(
      'ERR_OPTION',
      'redisStore: a replica may not have received a logout yet, so reads must go to the master. Remove scaleReads and role.',
    )
  }
  if ('failoverDetector' in options && options.failoverDetector === true) {
    throw new SessionError(
      'ERR_OPTION',
      'redisStore: remove failoverDetector. Its message, in the middle of a new connection, ends the client for good.',
    )
  }
}

const never = (): number => 0
