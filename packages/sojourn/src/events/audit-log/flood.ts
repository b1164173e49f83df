import type { SessionEvent } from '../../core/contracts/events.ts'
import type { Fields } from '../entry.ts'

/**
 * Events that a client without a session can cause as often as it likes. Their number is bounded, because otherwise anybody could
 * fill the disk.
 */
export interface Flood {
  /** Whether the event gets an entry. `omitted`: an entry about those that got none. */
  judge(event: SessionEvent): { readonly isIn: boolean; readonly omitted: Fields | null }
  /** The entry about those that got none so far. */
  rest(): Fields | null
}

/** Entries of one type in one minute. */
const MOST = 100
const MINUTE_MS = 60_000

export function createFlood(): Flood {
  let until = Number.NEGATIVE_INFINITY
  let counts = new Map<string, number>()

  function rest(): Fields | null {
    const over = [...counts].filter(([, count]) => count > MOST).map(([type, count]) => [type, count - MOST])
    counts = new Map()
    return over.length === 0 ? null : { type: 'audit.omitted', counts: Object.fromEntries(over) }
  }

  return {
    rest,
    judge(event) {
      const now = event.at.getTime()
      const isOver = !(now < until && until - now <= MINUTE_MS)
      const omitted = isOver ? rest() : null
      if (isOver) until = now + MINUTE_MS
      if (!isUnbounded(event)) return { isIn: true, omitted }
      const count = (counts.get(event.type) ?? 0) + 1
      counts.set(event.type, count)
      return { isIn: count <= MOST, omitted }
    },
  }
}

function isUnbounded(event: SessionEvent): boolean {
  if (event.type === 'denied' || event.type === 'fault' || event.type === 'store') return true
  return (event.type === 'refused' || event.type === 'finding') && event.id === null
}
