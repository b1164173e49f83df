/** Something that expires. It carries its position in the heap, so that it is found without a search. */
export interface Expiring {
  value: { readonly expiresAt: number }
  place: number
}

/** A binary heap that always knows which item expires first. Each call takes logarithmic time. */
export interface ExpiryHeap<T extends Expiring> {
  first(): T | undefined
  add(item: T): void
  remove(item: T): void
  /** Must be called after the item's `expiresAt` has changed. */
  update(item: T): void
}

export function createExpiryHeap<T extends Expiring>(): ExpiryHeap<T> {
  const items: T[] = []

  function put(item: T, place: number): void {
    items[place] = item
    item.place = place
  }

  function rise(item: T): void {
    let place = item.place
    while (place > 0) {
      const parent = items[(place - 1) >> 1]
      if (parent === undefined || parent.value.expiresAt <= item.value.expiresAt) break
      const above = parent.place
      put(parent, place)
      place = above
    }
    put(item, place)
  }

  function sink(item: T): void {
    let place = item.place
    for (;;) {
      const child = earlier(items[2 * place + 1], items[2 * place + 2])
      if (child === undefined || item.value.expiresAt <= child.value.expiresAt) break
      const below = child.place
      put(child, place)
      place = below
    }
    put(item, place)
  }

  function update(item: T): void {
    rise(item)
    sink(item)
  }

  return {
    first: () => items[0],
    add(item) {
      put(item, items.length)
      rise(item)
    },
    remove(item) {
      const last = items.pop()
      if (last === undefined || last === item) return
      put(last, item.place)
      update(last)
    },
    update,
  }
}

function earlier<T extends Expiring>(left: T | undefined, right: T | undefined): T | undefined {
  if (left === undefined || right === undefined) return left
  return right.value.expiresAt < left.value.expiresAt ? right : left
}
