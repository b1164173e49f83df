import { getIronSession } from 'iron-session'
import { startNode } from '../serve.mjs'

/** As the README shows it, and with options that harden it. The README's defaults are `Secure`, `HttpOnly` and `Lax`. */
const OPTIONS = {
  default: { password: 'a password of thirty-two characters', cookieName: 'session' },
  careful: { password: 'a password of thirty-two characters', cookieName: '__Host-session', ttl: 30 * 60 },
}

/** @typedef {{ user?: string, cart?: string[], save(): Promise<void>, destroy(): void }} Session */

/**
 * With half an hour, a user who is active has to get the cookie again.
 * @param {'default' | 'careful'} kind
 * @returns {import('../shop.mjs').Operations<Session>}
 */
const operationsOf = (kind) => ({
  async user(session) {
    if (kind === 'careful' && session.user !== undefined) await session.save()
    return session.user
  },
  visit: ({ cart }) => cart,
  async fill(session) {
    session.cart = [...(session.cart ?? []), 'lamp']
    await session.save()
  },
  async login(session, user) {
    session.user = user
    await session.save()
  },
  logout: (session) => session.destroy(),
  endOthers: null,
})

/** @param {'default' | 'careful'} kind */
export async function start(kind) {
  return startNode(
    (request, response) => /** @type {Promise<any>} */ (getIronSession(request, response, OPTIONS[kind])),
    operationsOf(kind),
    () => '',
  )
}
