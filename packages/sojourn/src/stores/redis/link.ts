import { SessionError } from '../../core/contracts/errors.ts'

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
  /** Removes the listeners, or closes the connection if the store opened it. */
  close(): Promise<void> | void
}

type Listener = () => void

/** A client that reports about its connections by events. */
interface Emitter {
  on(event: string, listener: Listener): unknown
  removeListener(event: string, listener: Listener): unknown
}

/** ioredis and iovalkey: one server, behind Sentinel, or a Cluster. */
export interface CallingClient extends Emitter {
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
  const { count, close } = counter(client, ['reconnecting'])
  return { send: (args) => client.sendCommand(args, AS_TEXT), resends: never, breaks: count, close }
}

/**
 * Never reads from a replica, which may not have received a logout yet. When a master dies, node-redis keeps calling it until
 * another node reports its successor, but asks none. So we ask any node for the key; it either has the key or redirects.
 */
function clusterLink(client: SendingCluster): Link {
  const { count, close } = counter(client, ['node-disconnect', 'node-reconnecting'])
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
    async send(args, key) {
      try {
        return await client.sendCommand(key, false, args, AS_TEXT)
      } catch (error) {
        if (!isAnswer(error)) askAround(key)
        throw error
      }
    },
    resends: never,
    breaks: count,
    close,
  }
}

/** The server's errors begin with a code, such as `NOSCRIPT` or `CLUSTERDOWN`. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]+ /.test(error.message)
}

/** Sends again after a failover, without reporting it, but each time it listens for an abort. */
function sentinelLink(client: SendingSentinel): Link {
  const { count, close } = counter(client, ['topology-change', 'client-error'])
  let resends = 0
  return {
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
    resends: () => resends,
    breaks: count,
    close,
  }
}

/** A single connection resends after `close`, a Cluster after it lost a node. */
const BREAKS = ['close', '-node']

function callingLink(client: CallingClient): Link {
  assertSafe(client)
  const { count, close } = counter(client, BREAKS)
  return { send: (args) => client.call(...args), resends: count, breaks: count, close }
}

/** Counts these events. A client without events is not listened to. */
function counter(client: object, events: readonly string[]): { count(): number; close(): void } {
  let times = 0
  const rise = (): void => {
    times++
  }
  const emitter = isEmitter(client) ? client : null
  for (const event of events) emitter?.on(event, rise)
  return {
    count: () => times,
    close() {
      for (const event of events) emitter?.removeListener(event, rise)
    },
  }
}

function isEmitter(client: object): client is Emitter {
  return 'on' in client && typeof client.on === 'function' && 'removeListener' in client
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
