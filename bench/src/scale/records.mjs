import { randomBytes } from 'node:crypto'
import { nextContent } from '../work.mjs'

const HOUR_MS = 3_600_000
const USERS = 10_000

/** @param {number} bytes */
function randomText(bytes) {
  return randomBytes(bytes).toString('base64url')
}

/**
 * A session as core makes one at login, with the content that all contenders have.
 *
 * @param {string} userId
 * @param {number} [lifeMs]
 * @returns {import('sojourn').SessionRecord}
 */
export function newRecord(userId, lifeMs = 12 * HOUR_MS) {
  const { userId: _, ...content } = nextContent()
  const now = Date.now()
  return {
    kind: 'live',
    id: /** @type {import('sojourn').SessionId} */ (randomText(16)),
    userId,
    version: 0,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + lifeMs,
    head: {
      secret: randomText(32),
      secretAt: now,
      authenticatedAt: now,
      device: { name: 'Firefox on Linux', ip: '203.0.113.0/24' },
    },
    data: Object.fromEntries(Object.entries(content).map(([key, value]) => [key, JSON.stringify(value)])),
  }
}

/** @param {number} n */
export function userOf(n) {
  return `user-${String(n % USERS).padStart(8, '0')}`
}

/**
 * Many at once, for a store answers them together.
 *
 * @param {number} count
 * @param {(n: number) => unknown} work
 */
export async function inParallel(count, work, width = 500) {
  let next = 0
  async function go() {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, go))
}
