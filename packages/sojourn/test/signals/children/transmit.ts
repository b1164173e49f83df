import { readFileSync } from 'node:fs'
import { createSessions, type Store } from '../../../src/index.ts'
import { outboxStore, sharedSignalsTransmitter } from '../../../src/signals/shared-signals.ts'
import { postgresStore } from '../../../src/stores/postgres.ts'
import { redisStore } from '../../../src/stores/redis.ts'

/** A server that ends sessions and pushes events about them, until SIGTERM. */
export interface TransmitJob {
  readonly kind: 'redis' | 'postgres'
  readonly url: string
  readonly keyFile: string
  readonly issuer: string
  readonly shop: string
  readonly token: string
  /** Whose sessions it ends at once. */
  readonly userId: string | null
  /** How far its clock is ahead: until the claims of a dead process are over. */
  readonly aheadMs: number
}

const job = JSON.parse(process.argv[2] ?? '') as TransmitJob
const { url } = job
const store: Store = job.kind === 'redis' ? redisStore({ url }) : postgresStore({ url })
const sessions = createSessions({ store: outboxStore(store), warn: () => undefined })
const transmitter = sharedSignalsTransmitter(sessions, {
  issuer: job.issuer,
  keys: [JSON.parse(readFileSync(job.keyFile, 'utf8'))],
  receivers: [{ id: 'shop', audience: job.shop, token: job.token, pushOrigins: [job.shop] }],
  insecureHttp: true,
  interval: '50ms',
  recoverAfter: job.aheadMs === 0 ? '10s' : '1s',
  timing: { wall: () => Date.now() + job.aheadMs },
})
process.once('SIGTERM', async () => {
  await transmitter.close()
  await sessions.close()
})
console.log('ready')
if (job.userId !== null) {
  await sessions.revokeAll(job.userId)
  console.log('revoked')
}
