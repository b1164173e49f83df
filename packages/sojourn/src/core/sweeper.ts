import { release } from './lib/runtime.ts'
import { ask, type Caller } from './request/setup.ts'

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
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false

  async function run(): Promise<number> {
    let total = 0
    for (;;) {
      const swept = by.setup.store.sweep === undefined ? 0 : await ask(by, 'sweep', by.setup.clock(), BATCH)
      total += swept
      if (swept < BATCH || isStopped) return total
      await nextTurn()
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      // A failed sweep was reported as a fault. The next one tries again.
      void run()
        .catch(() => 0)
        .then(() => isStopped || schedule())
    }, EVERY_MS)
    if (!release(timer)) clearTimeout(timer)
  }

  return {
    run,
    start() {
      if (by.setup.store.sweep !== undefined) schedule()
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 0))
}
