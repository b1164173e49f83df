import type { MaybePromise } from '../contracts/store.ts'
import { release } from './runtime.ts'

/** 24.8 days. A timer that is set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Calls `callback` once, unless the returned function is called before. `background`: does not keep the process alive. */
export function after(ms: number, callback: () => void, how?: 'background'): () => void {
  const timer = setTimeout(callback, Math.min(ms, MAX_TIMER_MS))
  if (how === 'background') release(timer)
  return () => clearTimeout(timer)
}

/** Waits for what may never end, such as a function of the application. Rejects with `late()` after this time. */
export async function within<T>(
  ms: number,
  work: MaybePromise<T>,
  late: () => Error,
  timer: typeof after = after,
): Promise<T> {
  let cancel = (): void => {}
  const expired = new Promise<never>((_, reject) => {
    cancel = timer(ms, () => reject(late()))
  })
  try {
    return await Promise.race([work, expired])
  } finally {
    cancel()
  }
}
