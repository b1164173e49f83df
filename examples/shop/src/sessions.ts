import { createSessions, type Sessions, type Store } from 'sojourn'
import * as v from 'valibot'

export const ShopData = v.object({ cart: v.optional(v.record(v.string(), v.number()), {}) })
export type ShopData = v.InferOutput<typeof ShopData>

export function openSessions(store: Store): Sessions<ShopData> {
  return createSessions({ store, data: ShopData })
}
