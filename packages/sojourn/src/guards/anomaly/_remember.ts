/** What a guard remembers of clients in the memory of this process: a bounded number of texts, for a limited time. */
export interface Memory<T> {
  readonly size: number
  get(text: string): T | undefined
  set(text: string, value: T): void
  delete(text: string): void
}

const HOUR_MS = 3_600_000
/** How often everything is looked through. */
const PURGE_MS = 60_000

/** Clients choose these texts, so their number is bounded: the ones that were added first are forgotten. */
export function createMemory<T>(most: number = 2000, forMs: number = HOUR_MS): Memory<T> {
  const known = new Map<string, { readonly value: T; readonly untilMs: number }>()
  let purgedMs = 0

  /** A text that does not come again must not stay. */
  function purge(nowMs: number): void {
    if (nowMs < purgedMs + PURGE_MS) return
    purgedMs = nowMs
    for (const [text, { untilMs }] of known) if (nowMs >= untilMs) known.delete(text)
  }

  return {
    get size() {
      return known.size
    },
    get(text) {
      purge(performance.now())
      return known.get(text)?.value
    },
    set(text, value) {
      const nowMs = performance.now()
      purge(nowMs)
      known.delete(text)
      const [oldest] = known.keys()
      if (known.size >= most && oldest !== undefined) known.delete(oldest)
      known.set(copyOf(text), { value, untilMs: nowMs + forMs })
    },
    delete(text) {
      known.delete(text)
    },
  }
}

/** Engines keep the whole header in memory for a piece that was cut from it, so 16 kB for each address. */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string
}

/** Returns the result for a text, computed once while it is remembered. */
export function remember<T>(known: Memory<T>, text: string, make: (text: string) => T): T {
  const found = known.get(text)
  if (found !== undefined) return found
  const made = make(text)
  known.set(text, made)
  return made
}
