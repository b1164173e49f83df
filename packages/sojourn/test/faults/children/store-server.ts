import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { redisTrackingBus } from '../../../src/buses/redis-tracking.ts'
import { SessionError } from '../../../src/core/contracts/errors.ts'
import type { Store } from '../../../src/core/contracts/store.ts'
import { nearCache } from '../../../src/stores/around/near-cache.ts'
import { lmdbStore } from '../../../src/stores/lmdb.ts'
import { redisStore } from '../../../src/stores/redis.ts'

/** One of several processes on the same data. It runs the calls that it receives over a socket on its own store, and answers. */
const [kind = '', where = ''] = process.argv.slice(2)

function open(): Store {
  if (kind === 'lmdb') return lmdbStore({ path: where })
  const bus = redisTrackingBus({ url: where })
  return nearCache(redisStore({ url: where }), { bus })
}

const store = open()
await store.setup?.()

type Verb = 'read' | 'readNow' | 'create' | 'write' | 'end' | 'list'

async function answerTo(line: string): Promise<string> {
  const { n, verb, args } = JSON.parse(line) as { n: number; verb: Verb; args: never[] }
  try {
    const call = store[verb] as ((...args: never[]) => unknown) | undefined
    return JSON.stringify({ n, answer: (await call?.apply(store, args)) ?? null })
  } catch (error) {
    return JSON.stringify({ n, code: error instanceof SessionError ? error.code : String(error) })
  }
}

const server = createServer((socket) => {
  socket.setNoDelay(true)
  createInterface(socket).on('line', async (line) => void socket.write(`${await answerTo(line)}\n`))
  // The parent process is gone.
  socket.on('error', () => process.exit()).on('close', () => process.exit())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`port ${typeof address === 'object' ? address?.port : ''}`)
})
