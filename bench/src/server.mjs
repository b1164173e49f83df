import { readFileSync } from 'node:fs'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { contenderNamed, start } from './contenders.mjs'
import { createProfiler } from './profile/profiler.mjs'
import { heldCount, release } from './work.mjs'

/** One contender in a process of its own: `node --expose-gc server.mjs <contender> <place as JSON>`, answering over IPC. */
const [name = '', place = '{}'] = process.argv.slice(2)

let majors = 0
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) {
    const { kind } = /** @type {{ kind: number }} */ (detail)
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) majors += 1
  }
}).observe({ entryTypes: ['gc'] })

const questions = {
  /** CPU of all threads, in microseconds, and collections of the whole heap, both since the start. */
  used() {
    const { user, system } = process.cpuUsage()
    return { cpuUs: user + system, majors }
  },
  /** CPU of all threads, and of the one that runs JavaScript, both in microseconds. Only Linux tells them apart. */
  threads() {
    const { user, system } = process.cpuUsage()
    const cpuUs = user + system
    if (process.platform !== 'linux') return { cpuUs, mainUs: cpuUs }
    return { cpuUs, mainUs: Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1000 }
  },
  memory() {
    globalThis.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heapUsed, external, rss }
  },
  held: heldCount,
  release,
  ...createProfiler(),
}

process.once('disconnect', () => process.exit())
process.on('message', async (/** @type {keyof typeof questions} */ question) =>
  process.send?.((await questions[question]()) ?? null),
)

const running = await start(contenderNamed(name), JSON.parse(place))
process.send?.(running.port)
