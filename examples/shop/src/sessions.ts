import { createSessions, type Sessions, type Store } from 'sojourn'
import * as v from 'valibot'

/** The challenge of a passkey, between the page that asks and the response of the browser. */
const Challenge = v.object({ purpose: v.picklist(['make', 'prove']), text: v.string(), until: v.number() })

export const ShopData = v.object({
  cart: v.optional(v.record(v.string(), v.number()), {}),
  challenge: v.optional(Challenge),
})
export type ShopData = v.InferOutput<typeof ShopData>

export function openSessions(store: Store): Sessions<ShopData> {
  return createSessions({ store, data: ShopData })
}
