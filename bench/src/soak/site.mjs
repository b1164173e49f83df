import { randomBytes } from 'node:crypto'
import { SessionError } from 'sojourn'

/** What a store may answer to one visitor among many; anything else stops the run. */
const EXPECTED = ['ERR_STORE_FULL', 'ERR_SESSION_ENDED', 'ERR_NOT_AUTHENTICATED']
const MINUTE = 60_000
/** Visitors who go through their stages together, so that stores and buses see calls at once. */
const COHORT = 50

/** Short lives: what a real site does in months is done in a round. */
export const TIMEOUTS = /** @type {const} */ ({ idle: '2h', absolute: '8h', renew: '15m', touch: '1m', grace: '30s' })
const LONGER_THAN_ALL = 9 * 60 * MINUTE

/**
 * @typedef {import('sojourn').Sessions<Record<string, any>>} Sessions
 * @typedef {import('sojourn').Session<Record<string, any>>} Session
 * @typedef {{ n: number, user: string, cookie: string, sessions: Sessions }} Visitor
 */

/** @param {string} cookie @returns {import('sojourn').RequestView} */
function viewOf(cookie) {
  return {
    method: 'GET',
    url: '/',
    secure: true,
    peer: '192.0.2.7',
    header: (name) => (name === 'cookie' && cookie !== '' ? cookie : null),
  }
}

/** One request. @param {Visitor} visitor @param {(session: Session) => unknown} handle */
async function visit(visitor, handle) {
  try {
    const { session, commit, finish } = await visitor.sessions.open(viewOf(visitor.cookie))
    await handle(session)
    for (const { name, value } of await commit()) {
      if (name === 'set-cookie') visitor.cookie = value.split(';', 1)[0] ?? ''
    }
    await finish()
  } catch (error) {
    if (!(error instanceof SessionError) || !EXPECTED.includes(error.code)) throw error
  }
}

/** How sessions end: one in eight each way, the rest by themselves. @type {readonly ((visitor: Visitor, copy: string) => unknown)[]} */
const ENDS = [
  (visitor) => visit(visitor, (session) => session.logout()),
  (visitor) => visit(visitor, (session) => session.logout({ everywhere: true })),
  ({ sessions, user }) => sessions.revokeAll(user),
  ({ sessions, user }) => sessions.erase(user),
  async ({ sessions, user }) => {
    for (const { id } of await sessions.list(user)) await sessions.revoke(id)
  },
  // An old copy of the token, once and again: the session ends with an alarm.
  (visitor, copy) => visit({ ...visitor, cookie: copy }, (session) => session.userId),
]

/** A whole life, a step at a time: between steps time passes. @param {Visitor} visitor */
async function* live(visitor) {
  const { n, user, sessions } = visitor
  const isUser = n % 4 !== 0
  await visit(visitor, (session) => {
    session.data.cart = { items: [n, 'x'.repeat(200)] }
  })
  yield
  if (isUser) await visit(visitor, (session) => session.login(user))
  await visit({ ...visitor, cookie: '' }, (session) => session.userId)
  yield
  await Promise.all(
    [1, 2, 3].map(() => visit(visitor, (session) => session.update('count', (count) => (count ?? 0) + 1))),
  )
  await visit(visitor, (session) => session.flash.set('note', `saved ${n}`))
  const copy = visitor.cookie
  yield
  const stop = sessions.on('ended', () => undefined)
  // The token is renewed, then the new one is presented: its first use ends the old one's time.
  await visit(visitor, (session) => session.data.cart)
  await visit(visitor, (session) => session.flash.take('note'))
  yield
  await visit(visitor, (session) => session.rotate())
  if (isUser) await sessions.list(user)
  await ENDS[n % 8]?.(visitor, copy)
  stop()
  yield
  await ENDS[n % 8]?.(visitor, copy)
  // What was ended, and what never was: read, and refused.
  await visit({ ...visitor }, (session) => session.userId)
  await visit(
    { ...visitor, cookie: `__Host-session=${randomBytes(40).toString('base64url')}` },
    (session) => session.userId,
  )
}

/**
 * A site that has these nodes. A round is the life of so many visitors, and the time until nothing is left of them.
 *
 * @param {readonly Sessions[]} nodes
 * @param {import('./time.mjs').Time} time
 */
export function createSite(nodes, time) {
  let count = 0
  let created = 0
  for (const sessions of nodes)
    for (const name of /** @type {const} */ (['created', 'login'])) sessions.on(name, () => void created++)

  async function cohort() {
    const lives = Array.from({ length: COHORT }, () => {
      const n = count++
      const sessions = /** @type {Sessions} */ (nodes[n % nodes.length])
      return live({ n, user: `user ${Math.floor(n / 2)}`, cookie: '', sessions })
    })
    for (const waitMs of [1000, 5000, 16 * MINUTE, 2 * MINUTE, MINUTE, 1000]) {
      await Promise.all(lives.map((life) => life.next()))
      await time.advance(waitMs)
    }
  }

  return {
    /** @param {number} visitors */
    async round(visitors) {
      for (let done = 0; done < visitors; done += COHORT) {
        await cohort()
        if (done % (COHORT * 10) === 0) await nodes[0]?.sweep()
      }
      await time.advance(LONGER_THAN_ALL)
      await nodes[0]?.sweep()
      await time.advance(LONGER_THAN_ALL)
    },
    /** Records that were created: a visitor who logs in has two, one after the other. */
    get created() {
      return created
    },
  }
}
