/** Time that passes only when everything has come to rest, and then at once to the next moment that anybody waits for. */
export interface VirtualTime {
  /** Milliseconds since the simulation began. */
  now(): number
  sleep(ms: number): Promise<void>
  /** Calls back later, unless it is called off. */
  after(ms: number, run: () => void): () => void
  /** Lets time pass until the work is done. Rejects when nothing is left to wait for. */
  drive<T>(work: Promise<T>): Promise<T>
}

interface Moment {
  readonly at: number
  /** If several are due at the same time, the first one that was scheduled runs first. */
  readonly order: number
  readonly run: () => void
}

export function virtualTime(): VirtualTime {
  const moments: Moment[] = []
  let now = 0
  let order = 0

  function after(ms: number, run: () => void): () => void {
    const moment = { at: now + Math.max(0, ms), order: order++, run }
    const later = (other: Moment): boolean => other.at > moment.at
    const index = moments.findIndex(later)
    moments.splice(index < 0 ? moments.length : index, 0, moment)
    return () => {
      const place = moments.indexOf(moment)
      if (place >= 0) moments.splice(place, 1)
    }
  }

  return {
    now: () => now,
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    async drive(work) {
      let isDone = false
      const watched = work.finally(() => {
        isDone = true
      })
      watched.catch(() => undefined)
      for (;;) {
        // Every promise that can go on has gone on when the event loop comes round.
        await new Promise((resolve) => setImmediate(resolve))
        if (isDone) return watched
        const next = moments.shift()
        if (next === undefined) throw new Error('Everybody waits for each other.')
        now = next.at
        next.run()
      }
    },
  }
}
