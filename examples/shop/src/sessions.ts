import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createSessions, type Sessions, type SessionsOptions, type Store } from 'sojourn'
import { anomaly } from 'sojourn/guards/anomaly'
import { deviceBound } from 'sojourn/guards/device-bound'
import type { NewDevice } from 'sojourn/guards/new-device'
import { defaultRates, rateLimits } from 'sojourn/guards/rate-limits'
import * as v from 'valibot'

/** The challenge of a passkey, between the page that asks and the response of the browser. */
const Challenge = v.object({ purpose: v.picklist(['make', 'prove']), text: v.string(), until: v.number() })

export const ShopData = v.object({
  cart: v.optional(v.record(v.string(), v.number()), {}),
  challenge: v.optional(Challenge),
})
export type ShopData = v.InferOutput<typeof ShopData>

export interface OpenOptions extends Pick<SessionsOptions<ShopData>, 'clock'> {
  /** How users are told about a login from a new device. Left out: they are not. */
  readonly newDevices?: NewDevice
}

export function openSessions(store: Store, { newDevices, ...clock }: OpenOptions = {}): Sessions<ShopData> {
  return createSessions({
    store,
    data: ShopData,
    // The check that refuses forms of other sites is on by default.
    guards: [
      // Over HTTPS, and in a browser that can do it: a copied cookie opens nothing on another device.
      deviceBound(),
      // In all others: notices a copy in use, and lets the session do nothing important until the user proves who they are.
      anomaly(),
      // Counts in memory. A shop with several processes would count in Redis.
      rateLimits({
        creation: new RateLimiterMemory(defaultRates.creation),
        badTokens: new RateLimiterMemory(defaultRates.badTokens),
      }),
      // Mails the user about a login from a new device. The link in it ends all sessions of the user.
      ...(newDevices === undefined ? [] : [newDevices]),
    ],
    ...clock,
  })
}
