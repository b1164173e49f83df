import { createSessions, type Sessions } from 'sojourn'
import { lmdbStore } from 'sojourn/stores/lmdb'
import * as v from 'valibot'

export const ShopData = v.object({ cart: v.optional(v.record(v.string(), v.number()), {}) })
export type ShopData = v.InferOutput<typeof ShopData>

export function openSessions(path: string): Sessions<ShopData> {
  return createSessions({ store: lmdbStore({ path }), data: ShopData })
}
