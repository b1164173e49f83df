import { SessionError } from '../../core/contracts/errors.ts'
import { nothingIfMissing } from '../kit/driver-errors.ts'
import { type Link, toLink } from './link.ts'

/**
 * A connection that fails fast: a command that cannot be sent now is rejected, and none is sent twice. It reconnects by itself,
 * at least once a second, without a limit.
 */
const CONNECT_MS = 2000
/** A server that does not answer for this long counts as dead, even if the connection is open. */
const SILENCE_MS = 5000

const toDelay = (tries: number): number => Math.min(tries * 50, 1000)

type NodeRedis = typeof import('redis')
type Ioredis = typeof import('ioredis').Redis | typeof import('iovalkey').Redis

/** Uses the first of `redis`, `ioredis` and `iovalkey` that is installed. Rejects if the server cannot be reached. */
export async function openUrl(url: string): Promise<Link> {
  const nodeRedis = await importNodeRedis()
  if (nodeRedis !== null) return openNodeRedis(url, nodeRedis)
  const ioredis = (await importIoredis()) ?? (await importIovalkey())
  if (ioredis !== null) return openIoredis(url, ioredis)
  throw new SessionError(
    'ERR_OPTION',
    'redisStore: a url needs one of the packages redis, ioredis and iovalkey. Run: npm install redis',
  )
}

async function importNodeRedis(): Promise<NodeRedis | null> {
  try {
    return await import('redis')
  } catch (error) {
    return nothingIfMissing(error)
  }
}

async function importIoredis(): Promise<Ioredis | null> {
  try {
    return (await import('ioredis')).Redis
  } catch (error) {
    return nothingIfMissing(error)
  }
}

async function importIovalkey(): Promise<Ioredis | null> {
  try {
    return (await import('iovalkey')).Redis
  } catch (error) {
    return nothingIfMissing(error)
  }
}

export async function openNodeRedis(url: string, { createClient }: NodeRedis): Promise<Link> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: SILENCE_MS / 2,
    socket: { connectTimeout: CONNECT_MS, socketTimeout: SILENCE_MS, reconnectStrategy: toDelay },
  })
  let isClosed = false
  const close = (): void => {
    isClosed = true
    if (client.isOpen) client.destroy()
  }
  async function connectAnew(): Promise<void> {
    if (isClosed || !client.isReady) return
    client.destroy()
    await client.connect()
  }
  await firstConnection(client, () => client.connect(), close)
  const link = toLink(client)
  return {
    ...link,
    close,
    send: (args, key) =>
      link.send(args, key).catch((error: unknown) => {
        if (isReadOnly(error)) connectAnew().catch(() => undefined)
        throw error
      }),
  }
}

/** A primary that became a replica behind the same address. Only a new connection reaches the new primary. */
function isReadOnly(error: unknown): boolean {
  return error instanceof Error && /^(?:ERR Error running script .* -)?READONLY /.test(error.message)
}

export async function openIoredis(url: string, Redis: Ioredis): Promise<Link> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: toDelay,
    reconnectOnError: isReadOnly,
  })
  const close = (): void => client.disconnect()
  await firstConnection(client, () => client.connect(), close)
  return { ...toLink(client), close }
}

interface Connecting {
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Reports a wrong address or password immediately. Later errors reject the calls that they affect. */
async function firstConnection(client: Connecting, connect: () => Promise<unknown>, close: () => void): Promise<void> {
  try {
    await new Promise<unknown>((resolve, reject) => {
      client.on('error', reject)
      connect().then(resolve, reject)
    })
  } catch (error) {
    close()
    throw error
  }
}
