import { RateLimiterMemory } from 'rate-limiter-flexible'
import { defaultRates, rateLimits } from 'sojourn/guards/rate-limits'

/**
 * @typedef {object} Target
 * @property {boolean} keys Whether tokens carry a MAC.
 * @property {boolean} limited Whether the guard is on, with its default rates.
 * @property {number} networks How many networks the flood comes from.
 */

/** @type {Readonly<Record<string, Target>>} */
export const targets = {
  'without keys': { keys: false, limited: false, networks: 1 },
  keys: { keys: true, limited: false, networks: 1 },
  'keys and rateLimits, one network': { keys: true, limited: true, networks: 1 },
  'keys and rateLimits, 100 networks': { keys: true, limited: true, networks: 100 },
}

/** The guard, and how often it asked its limiter. */
export function countedGuard() {
  const limiter = new RateLimiterMemory(defaultRates.badTokens)
  const counted = {
    calls: 0,
    /** @param {string} key */
    consume(key) {
      counted.calls++
      return limiter.consume(key)
    },
  }
  return { counted, guard: rateLimits({ badTokens: counted }) }
}
