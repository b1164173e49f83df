/** The ids of a scan that is under way, sorted once instead of for each page. */
export interface ScanOrder {
  /** Up to `limit` ids behind `cursor`, and the cursor behind those. */
  page(cursor: string | null, limit: number): { readonly ids: readonly string[]; readonly next: string | null }
  /** Lets the ids go. A scan that is under way finds its place again. */
  forget(): void
}

/** `all`: the ids of now. What is added after a scan began may be missed by it, what was there before is not. */
export function createScanOrder(all: () => Iterable<string>): ScanOrder {
  let order: readonly string[] = []
  return {
    page(cursor, limit) {
      if (cursor === null || order.length === 0) order = [...all()].sort()
      const start = cursor === null ? 0 : firstAfter(order, cursor)
      const ids = order.slice(start, start + limit)
      const next = start + limit < order.length ? (ids.at(-1) ?? null) : null
      if (next === null) order = []
      return { ids, next }
    },
    forget() {
      order = []
    },
  }
}

function firstAfter(order: readonly string[], id: string): number {
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((order[middle] ?? '') > id) high = middle
    else low = middle + 1
  }
  return low
}
