/** An item of a list. It carries its own neighbors, so that it can be removed without a search. */
export interface Linked<T> {
  before: T | null
  after: T | null
}

/**
 * Items in the order in which they were added. Each call takes constant time, and removed items are not retained. A `Set` with an
 * iterator at its oldest member would be as fast, but in V8 such an iterator retains every table that the set has had since.
 */
export interface LinkedList<T extends Linked<T>> {
  readonly first: T | null
  readonly last: T | null
  add(item: T): void
  /** `item` must be in this list. */
  remove(item: T): void
  clear(): void
}

export function createLinkedList<T extends Linked<T>>(): LinkedList<T> {
  let first: T | null = null
  let last: T | null = null

  return {
    get first() {
      return first
    },
    get last() {
      return last
    },
    add(item) {
      item.before = last
      item.after = null
      if (last === null) first = item
      else last.after = item
      last = item
    },
    remove(item) {
      const { before, after } = item
      if (before === null) first = after
      else before.after = after
      if (after === null) last = before
      else after.before = before
      // A removed item that is still referenced must not retain its former neighbors.
      item.before = null
      item.after = null
    },
    clear() {
      first = null
      last = null
    },
  }
}
