import type { SessionId, SessionRecord, Tombstone } from '../../../core/contracts/record.ts'
import { createLinkedList, type Linked } from '../../kit/linked-list.ts'

/** What was read, and when the read began, by both clocks: the answer may be as old as that. */
export interface Entry {
  readonly value: SessionRecord | Tombstone
  readonly uptimeAt: number
  readonly wallAt: number
  /** The period of the link. An entry from before a break must not be used. */
  readonly period: number
}

/** At most `size` entries. The least recently used one makes room. */
export interface Entries {
  readonly count: number
  get(id: SessionId): Entry | undefined
  put(id: SessionId, entry: Entry): void
  delete(id: SessionId): void
  clear(): void
}

/** One object for both, so that a hit looks at one object less. */
interface Place extends Entry, Linked<Place> {
  readonly id: SessionId
}

/** A list beside the map, because moving a key to the end of a `Map` is slower (measured: 0.4 µs; with the list: 0.1). */
export function createEntries(size: number): Entries {
  const places = new Map<SessionId, Place>()
  const uses = createLinkedList<Place>()

  function remove(place: Place): void {
    uses.remove(place)
    places.delete(place.id)
  }

  return {
    get count() {
      return places.size
    },
    get(id) {
      const place = places.get(id)
      if (place === undefined) return undefined
      if (place !== uses.last) {
        uses.remove(place)
        uses.add(place)
      }
      return place
    },
    put(id, { value, uptimeAt, wallAt, period }) {
      const before = places.get(id)
      if (before !== undefined) remove(before)
      const place: Place = { id, value, uptimeAt, wallAt, period, before: null, after: null }
      places.set(id, place)
      uses.add(place)
      if (places.size > size && uses.first !== null) remove(uses.first)
    },
    delete(id) {
      const place = places.get(id)
      if (place !== undefined) remove(place)
    },
    clear() {
      places.clear()
      uses.clear()
    },
  }
}
