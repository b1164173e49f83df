/** Runs at most so many at a time, in the order in which they came. */
export type Lanes = <T>(work: () => Promise<T>) => Promise<T>

export function createLanes(most: number): Lanes {
  const turns: (() => void)[] = []
  let busy = 0

  return async (work) => {
    if (busy >= most) await new Promise<void>((resolve) => turns.push(resolve))
    else busy += 1
    try {
      return await work()
    } finally {
      // The place goes to the next one, if somebody waits for it.
      const next = turns.shift()
      if (next === undefined) busy -= 1
      else next()
    }
  }
}
