/** Runners pass on the Ctrl-C that the terminal has given us already: what comes at once is one. */
const ONE_MS = 1000

/** Takes each signal: the first begins `work`, a later one means now. */
export function interrupts(work: () => void, now: () => void, clock: () => number): () => void {
  let first: number | null = null
  return () => {
    if (first === null) {
      first = clock()
      work()
    } else if (clock() - first > ONE_MS) now()
  }
}
