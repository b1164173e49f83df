import { setTimeout as sleep } from 'node:timers/promises'

/**
 * @typedef {object} Content What every contender keeps for a session: 389 bytes of JSON.
 * @property {string} userId
 * @property {{ sku: string, name: string, quantity: number, cents: number }[]} cart
 * @property {string} csrf
 * @property {number} n
 */

/** @typedef {{ user: string, items: number, n: number }} Answer What every handler answers. */

const CART = [
  { sku: 'MUG-0350-BLUE', name: 'Enamel mug, ocean blue, 350 ml', quantity: 2, cents: 1450 },
  { sku: 'TEA-0100-ASSM', name: 'Assam, second flush, loose leaf, 100 g', quantity: 1, cents: 890 },
  { sku: 'POT-1200-IRON', name: 'Cast iron teapot with sieve, 1.2 l', quantity: 1, cents: 5900 },
]

let created = 0

/** @returns {Content} the next session's content; no two have the same user. */
export function nextContent() {
  created += 1
  const userId = `user-${String(created).padStart(8, '0')}`
  return {
    userId,
    cart: CART.map((item) => ({ ...item })),
    csrf: `${userId}-3f9c1b7a5d2e4860b8a7c6d5e4f3`.padEnd(57, 'x'),
    n: 0,
  }
}

/**
 * @param {Content} data
 * @returns {Answer}
 */
export function answerOf(data) {
  return { user: data.userId, items: data.cart.length, n: data.n }
}

/** @type {Answer} What a bare server answers, for it has no session to read. */
export const BARE_ANSWER = { user: 'user-00000000', items: 3, n: 0 }

/** As long as the cookies of the others, so that a bare server sends as many bytes. */
export const BARE_COOKIE = `sid=${'0'.repeat(54)}; Path=/; HttpOnly; SameSite=Lax`

export const DAY_SECONDS = 86_400

/** For peers that sign or encrypt; nothing here is secret. */
export const PEER_SECRET = 'a benchmark has no secrets, but 32 characters it must have'

/** @param {string | number | null | undefined} ms Work that takes time; none when zero. */
export function work(ms) {
  return Number(ms) > 0 ? sleep(Number(ms)) : undefined
}

/** @type {(() => void)[]} */
const held = []

/** Work that takes until `release`: so a logout can be put in between, whatever the machine is busy with. */
export function slowWork() {
  return new Promise((resolve) => held.push(() => resolve(undefined)))
}

/** How many requests are at their slow work. */
export function heldCount() {
  return held.length
}

export function release() {
  const count = held.length
  for (const go of held.splice(0)) go()
  return count
}

/** @param {string[]} keys How many keys of the lost-update race are there. */
export function countRaceKeys(keys) {
  return { keys: keys.filter((key) => key.startsWith('race-')).length }
}
