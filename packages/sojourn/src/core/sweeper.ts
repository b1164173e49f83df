import { repeat, sleep } from './lib/runtime.ts'
import { type Caller, call } from './request/caller.ts'

const BATCH = 500
const EVERY_MS = 60_000

export interface Sweeper {
  /** Deletes everything that is due, and lets requests run between batches. Resolves to the number of deleted records. */
  run(): Promise<number>
  /** Sweeps once a minute in the background, if the runtime has timers that do not keep the process alive. */
  start(): void
  stop(): void
}

export function createSweeper(by: Caller): Sweeper {
  let stopTimer: (() => void) | undefined
  let isStopped = false

  async function run(): Promise<number> {
    let total = 0
    for (;;) {
      const swept = by.setup.store.sweep === undefined ? 0 : await call(by, 'sweep', by.setup.clock(), BATCH)
      total += swept
      if (swept < BATCH || isStopped) return total
      await sleep(0)
    }
  }

  return {
    run,
    start() {
      // A failed sweep was reported as a fault. The next one tries again.
      const sweep = (): Promise<boolean> =>
        run().then(
          () => true,
          () => true,
        )
      if (by.setup.store.sweep !== undefined) stopTimer = repeat(EVERY_MS, sweep)
    },
    stop() {
      isStopped = true
      stopTimer?.()
    },
  }
}
