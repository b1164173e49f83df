import { setTimeout as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use after a collection. */
export function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** How many of these can still be reached. Waits a turn first: a `WeakRef` keeps what it pointed to for the turn it was made or asked in. */
export async function countReachable(refs: readonly WeakRef<object>[]): Promise<number> {
  await nextTurn(0)
  collect()
  return refs.filter((ref) => ref.deref() !== undefined).length
}
