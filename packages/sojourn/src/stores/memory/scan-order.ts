/** The ids of a scan in progress, sorted once instead of for each page. */
export interface ScanOrder {
  /** Returns up to `limit` ids after `cursor`, and the next cursor. */
  page(cursor: string | null, limit: number): { readonly ids: readonly string[]; readonly next: string | null }
  /** Releases the ids. A scan in progress finds its place again. */
  forget(): void
}

/** `all` returns the current ids. A scan may miss ids that are added after it began, but no earlier ones. */
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
