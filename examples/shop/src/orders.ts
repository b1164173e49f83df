import type { Database } from 'lmdb'
import type { Line } from './cart.ts'
import { totalCents } from './cart.ts'

export interface OrderLine {
  readonly slug: string
  readonly name: string
  readonly quantity: number
  readonly cents: number
}

export interface Order {
  /** Made by the checkout page, so that a form sent twice is one order. */
  readonly id: string
  /** ms since the epoch. */
  readonly placedAt: number
  readonly lines: readonly OrderLine[]
  readonly totalCents: number
}

export interface Orders {
  /** The order under this id: the new one, or the one that is there already. */
  place(userId: string, id: string, lines: readonly Line[]): Promise<Order>
  find(userId: string, id: string): Order | null
  /** Newest first. */
  list(userId: string): Order[]
}

export function createOrders(db: Database): Orders {
  const find = (userId: string, id: string): Order | null => db.get(['order', userId, id]) ?? null

  return {
    find,
    async place(userId, id, lines) {
      const order: Order = { id, placedAt: Date.now(), lines: lines.map(toOrderLine), totalCents: totalCents(lines) }
      return db.transaction(() => {
        const placed = find(userId, id)
        if (placed !== null) return placed
        db.put(['order', userId, id], order)
        return order
      })
    },
    list(userId) {
      const range = db.getRange({ start: ['order', userId], end: ['order', userId, '\uffff'] })
      const orders = Array.from(range, ({ value }) => value as Order)
      return orders.sort((a, b) => b.placedAt - a.placedAt)
    },
  }
}

function toOrderLine({ product, quantity, cents }: Line): OrderLine {
  return { slug: product.slug, name: product.name, quantity, cents }
}
