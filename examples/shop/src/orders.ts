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
  /** `false`, changing nothing, when this user has an order under this id already. */
  place(userId: string, id: string, lines: readonly Line[]): Promise<boolean>
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
        if (find(userId, id) !== null) return false
        db.put(['order', userId, id], order)
        return true
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
