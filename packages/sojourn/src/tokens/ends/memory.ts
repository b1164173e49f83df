/** What is remembered of an end, under its mark. */
export interface End {
  /** Tokens that were issued before this time are refused, in seconds since the epoch. `Infinity`: all. */
  readonly cut: number
  /** When it was noted, ms since the epoch. */
  readonly at: number
}

/** Which access tokens are refused before they expire. */
export interface EndsMemory {
  add(mark: string, end: End): void
  /** Refuses everything that was issued before this time, in seconds since the epoch. */
  addAll(cut: number): void
  /** The time before which tokens with one of these marks are refused. 0: none is. */
  cutOf(marks: readonly (string | null)[]): number
  readonly all: number
  entries(): Iterable<readonly [mark: string, end: End]>
}

/** More ends than this within the life of a token are replaced by one cut for all: the clients then refresh. */
const MAX_ENDS = 500_000

/**
 * Remembers each end for at least `lifeMs`, and at most twice as long: an access token does not live longer. Forgets without a timer
 * and without looking at each end, because whole generations are dropped.
 */
export function createEndsMemory(lifeMs: number, clock: () => number, max: number = MAX_ENDS): EndsMemory {
  let young = new Map<string, End>()
  let old = new Map<string, End>()
  let bornAt = clock()
  let all = 0

  function age(): void {
    const now = clock()
    const ageMs = Math.abs(now - bornAt)
    if (ageMs < lifeMs) return
    old = ageMs < 2 * lifeMs ? young : new Map()
    young = new Map()
    bornAt = now
  }

  function later(mark: string, { cut, at }: End): End {
    const before = young.get(mark) ?? old.get(mark)
    return before === undefined ? { cut, at } : { cut: Math.max(cut, before.cut), at: Math.max(at, before.at) }
  }

  return {
    add(mark, end) {
      age()
      if (young.size >= max) {
        young = new Map()
        old = new Map()
        all = Math.max(all, Math.floor(clock() / 1000) + 1)
      }
      young.set(mark, later(mark, end))
    },
    addAll(cut) {
      all = Math.max(all, cut)
    },
    cutOf(marks) {
      let cut = all
      for (const mark of marks) {
        if (mark === null) continue
        cut = Math.max(cut, young.get(mark)?.cut ?? 0, old.get(mark)?.cut ?? 0)
      }
      return cut
    },
    get all() {
      return all
    },
    *entries() {
      age()
      yield* old
      yield* young
    },
  }
}
