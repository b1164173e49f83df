import { SessionError } from '../core/contracts/errors.ts'
import { closeOnce } from './_close-once.ts'

/** The members of a node-redis client that the buses use. */
export interface OpenRedis {
  connect(): Promise<unknown>
  on(event: string, listener: (payload?: unknown) => void): unknown
  publish(channel: string, message: string): Promise<unknown>
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>
  sendCommand(args: string[]): Promise<unknown>
  duplicate(): OpenRedis
  destroy(): void
}

/** Opens a connected client of our own. It rejects what it cannot send immediately. */
export async function openRedis(
  url: string,
  bus: string,
  signal: AbortSignal,
  options: object = {},
): Promise<OpenRedis> {
  const { createClient } = await importRedis(bus)
  const client = createClient({ url, disableOfflineQueue: true, ...options }) as unknown as OpenRedis
  const destroy = closeOnce(client.destroy.bind(client))
  signal.addEventListener('abort', destroy)
  // An error without a listener ends the process. Commands reject with the same error.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    destroy()
    throw error
  }
  return Object.assign(client, { destroy })
}

async function importRedis(bus: string): Promise<typeof import('redis')> {
  try {
    return await import('redis')
  } catch (cause) {
    throw new SessionError('ERR_OPTION', `${bus}: url needs the package redis. Run: npm install redis`, cause)
  }
}
