/** Which keys are blocked until when, in bounded memory. */
export interface Blocks {
  readonly size: number
  add(key: string, nowMs: number, ms: number): void
  /** How long the key is still blocked; 0 if it is not. */
  msLeft(key: string, nowMs: number): number
}

interface Block {
  readonly from: number
  readonly until: number
}

/** If more than `most` keys are blocked, the ones that were added first are forgotten. */
export function createBlocks(most: number): Blocks {
  const blocks = new Map<string, Block>()
  return {
    get size() {
      return blocks.size
    },
    add(key, nowMs, ms) {
      blocks.delete(key)
      const [oldest] = blocks.keys()
      if (blocks.size >= most && oldest !== undefined) blocks.delete(oldest)
      blocks.set(key, { from: nowMs, until: nowMs + ms })
    },
    msLeft(key, nowMs) {
      const block = blocks.get(key)
      if (block === undefined) return 0
      // A clock that was set back must not block anybody for longer.
      if (nowMs >= block.from && nowMs < block.until) return block.until - nowMs
      blocks.delete(key)
      return 0
    },
  }
}
