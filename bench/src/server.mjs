import { contenderNamed, start } from './contenders.mjs'
import { heldCount, release } from './work.mjs'

/** One contender in a process of its own: `node --expose-gc server.mjs <contender> <place as JSON>`, answering over IPC. */
const [name = '', place = '{}'] = process.argv.slice(2)

const questions = {
  /** CPU of all threads since the start, in microseconds. */
  cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  memory() {
    globalThis.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heapUsed, external, rss }
  },
  held: heldCount,
  release,
}

process.once('disconnect', () => process.exit())
process.on('message', (/** @type {keyof typeof questions} */ question) => process.send?.(questions[question]()))

const running = await start(contenderNamed(name), JSON.parse(place))
process.send?.(running.port)
