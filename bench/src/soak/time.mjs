/**
 * Time that passes when it is told to: years of a site in minutes. `timing` is for the wrappers of stores, `clock` for core.
 *
 * @typedef {ReturnType<typeof createTime>} Time
 */
export function createTime() {
  let up = 1000
  const startedAt = Date.now()
  /** @type {Map<symbol, { at: number, callback: () => void }>} */
  const timers = new Map()

  /** @param {number} until */
  function nextBefore(until) {
    let first = null
    for (const entry of timers) if (entry[1].at <= until && (first === null || entry[1].at < first[1].at)) first = entry
    return first
  }

  return {
    clock: () => startedAt + up,
    timing: {
      wall: () => startedAt + up,
      uptime: () => up,
      random: Math.random,
      /** @param {number} ms @param {() => void} callback */
      after(ms, callback) {
        const key = Symbol()
        timers.set(key, { at: up + ms, callback })
        return () => void timers.delete(key)
      },
    },
    /** Timers that are set. */
    get timers() {
      return timers.size
    },
    /** What is due is called in order, and what it begins is let come to its end. @param {number} ms */
    async advance(ms) {
      const until = up + ms
      for (let next = nextBefore(until); next !== null; next = nextBefore(until)) {
        timers.delete(next[0])
        up = Math.max(up, next[1].at)
        next[1].callback()
        await nextTurn()
      }
      up = until
      await nextTurn()
    },
  }
}

/** @returns {Promise<void>} */
export function nextTurn() {
  return new Promise((resolve) => void setImmediate(resolve))
}
