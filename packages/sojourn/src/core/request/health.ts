import { checkOptions } from '../contracts/check-options.ts'
import { toMs } from '../contracts/duration.ts'
import { SessionError, type SessionErrorCode } from '../contracts/errors.ts'
import type { Health, HealthOptions } from '../contracts/sessions.ts'
import { type Caller, call } from './caller.ts'
import { ERA_ID, toMarker } from './eras.ts'

/** Prepares the store, and asks it a question, so that a wrong address is found when the application starts. */
export async function prepare(by: Caller): Promise<void> {
  if (by.setup.store.setup !== undefined) await call(by, 'setup')
  await readMarker(by)
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Asks the store a cheap question. An outage is a value. */
export async function health(by: Caller, options: HealthOptions): Promise<Health> {
  checkOptions(options, { timeout: 'any' }, 'health')
  const limitMs = Math.min(toMs(options.timeout ?? '1s', 'health: timeout'), LONGEST_TIMER_MS)
  const began = performance.now()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<SessionErrorCode>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'ERR_STORE_TIMEOUT')
  })
  const asked = readMarker(by).then(
    () => null,
    (error: unknown) => (error instanceof SessionError ? error.code : 'ERR_STORE'),
  )
  const code = await Promise.race([late, asked])
  clearTimeout(timer)
  const latencyMs = Math.round((performance.now() - began) * 100) / 100
  return { ok: code === null, store: by.setup.store.name, latencyMs, ...(code !== null && { code }) }
}

/** If it is damaged, every request fails. */
async function readMarker(by: Caller): Promise<void> {
  toMarker(await call(by, by.store.readNow === undefined ? 'read' : 'readNow', ERA_ID))
}
