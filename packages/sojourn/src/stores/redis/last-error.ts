import { errorMonitor } from 'node:events'

/** What a client last reported about its connection. Its rejections often say only that there is none. */
export interface LastError {
  /** `null` if the client is connected again, or reported nothing lately. */
  last(): Error | null
  close(): void
}

type Listener = (...told: unknown[]) => void

/** A client that reports about its connections by events. */
export interface Emitter {
  on(event: string | symbol, listener: Listener): unknown
  removeListener(event: string | symbol, listener: Listener): unknown
}

/**
 * A monitor does not count as a listener: a client whose `error` the application does not handle stays as loud as it was. The
 * others are of nodes: of a Cluster of node-redis, of its Sentinel, and of a Cluster of ioredis.
 */
const ERRORS = [errorMonitor, 'node-error', 'client-error', 'node error']

/** Clients try to connect again every few seconds, so an older error is about another outage. */
const RECENT_MS = 30_000

export function watchErrors(emitter: Emitter | null): LastError {
  let last: { readonly error: Error; readonly atMs: number } | null = null
  const note: Listener = (told) => {
    const error: unknown = told instanceof Error ? told : Object(told).error
    if (error instanceof Error) last = { error, atMs: performance.now() }
  }
  const clear: Listener = () => {
    last = null
  }
  for (const event of ERRORS) emitter?.on(event, note)
  emitter?.on('ready', clear)
  return {
    last: () => (last !== null && performance.now() - last.atMs < RECENT_MS ? last.error : null),
    close() {
      for (const event of ERRORS) emitter?.removeListener(event, note)
      emitter?.removeListener('ready', clear)
    },
  }
}

export function isEmitter(client: object): client is Emitter {
  return 'on' in client && typeof client.on === 'function' && 'removeListener' in client
}

/** The server's errors begin with a code, such as `NOSCRIPT` or `CLUSTERDOWN`. */
export function isAnswer(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]+ /.test(error.message)
}

/**
 * Adds to a command that got no answer why there is no connection, and to which server: `The client is offline` alone tells an
 * operator neither.
 */
export function explain(error: unknown, address: string, reason: Error | null): unknown {
  if (!(error instanceof Error) || error.message === '' || isAnswer(error)) return error
  const where = address === '' || error.message.includes(address) ? '' : ` (${address})`
  const isNews = reason !== null && reason.message !== error.message
  const explained = new Error(`${error.message}${where}`, isNews ? { cause: reason } : undefined)
  const { code }: { code?: unknown } = Object(error)
  return Object.assign(explained, { name: error.name, ...(code !== undefined && { code }) })
}

interface Addressed {
  readonly host?: unknown
  readonly port?: unknown
  readonly path?: unknown
}

/** Those of node-redis, and those of ioredis. */
interface Options extends Addressed {
  readonly socket?: Addressed
  readonly sentinels?: unknown
}

/** The one server that a client was given, without its user and password; '' for a Cluster, or behind Sentinel. */
export function addressOf(client: object): string {
  const options: Options = Object('options' in client ? client.options : undefined)
  if (Array.isArray(options.sentinels)) return ''
  const { host, port, path } = options.socket ?? options
  if (typeof path === 'string') return path
  return typeof host === 'string' && port !== undefined ? `${host}:${port}` : ''
}
