import { SessionError } from '../../core/contracts/errors.ts'

/** All that the store needs of a client: one command, sent to the master of the slot that `key` is in. */
export interface Link {
  send(args: string[], key: string): Promise<unknown>
  /**
   * Rises whenever the client may have sent a command twice, because the connection broke before the answer. Then an
   * answer may be to the second copy: a refusal that the first one caused.
   */
  resends(): number
  /** Rises whenever another server may answer from now on than before. */
  breaks(): number
  /** Lets go of the listeners, or of the whole connection when it is the store's own. */
  close(): Promise<void> | void
}

type Listener = () => void

/** What tells of its connections by events. */
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

/** What the store sends commands through: typed by what it needs, so that no driver is a dependency. */
export type RedisClient = CallingClient | SendingClient | SendingCluster | SendingSentinel

/** The answers as strings, whatever the client is set to make of them. */
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
  return new SessionError('ERR_OPTION', 'redisStore: client must be one of node-redis, ioredis or iovalkey.')
}

/** node-redis sends a command once: what was on its way when the connection broke is rejected. */
function sendingLink(client: SendingClient): Link {
  const { count, close } = counter(client, ['reconnecting'])
  return { send: (args) => client.sendCommand(args, AS_TEXT), resends: never, breaks: count, close }
}

/**
 * Never to a replica: it may not have heard of a logout yet. When a master dies, node-redis keeps calling it until another
 * node says who took over, and asks none: so any node is asked for the key, which it either has or knows the way to.
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

/** What the server says begins with a code, such as `NOSCRIPT` or `CLUSTERDOWN`. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]+ /.test(error.message)
}

/** Sends again after a failover, without a word, but reads the options each time that it does. */
function sentinelLink(client: SendingSentinel): Link {
  const { count, close } = counter(client, ['topology-change', 'client-error'])
  let resends = 0
  return {
    send(args) {
      let sends = 0
      const options = {
        get typeMapping() {
          if (++sends > 1) resends++
          return {}
        },
      }
      return client.sendCommand(false, args, options)
    },
    resends: () => resends,
    breaks: count,
    close,
  }
}

/** Resends after `close`; a Cluster after it lost a node. */
const BREAKS = ['close', '-node']

function callingLink(client: CallingClient): Link {
  assertSafe(client)
  const { count, close } = counter(client, BREAKS)
  return { send: ([command = '', ...args]) => client.call(command, ...args), resends: count, breaks: count, close }
}

/** How often any of these events happened. A client that has no events is not listened to. */
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
      'redisStore: a replica may not know of a logout yet, so reads must go to the master: leave out scaleReads and role.',
    )
  }
  if ('failoverDetector' in options && options.failoverDetector === true) {
    throw new SessionError(
      'ERR_OPTION',
      'redisStore: leave out failoverDetector. Its message, in the middle of a new connection, ends the client for good.',
    )
  }
}

const never = (): number => 0
