import type { Request, RequestHandler } from 'express'
import type { Session } from 'sojourn'
import { requireAssurance, requireFresh, requireUser } from 'sojourn/express'
import type { Shop } from '../shop.ts'
import type { User } from '../users.ts'

const signIn = '/sign-in'

/** Lets only signed-in users by; others sign in first and come back. */
export function requireShopper(shop: Shop): RequestHandler[] {
  // The account may be gone while a session of it lives on.
  const hasAccount: RequestHandler = async (req, res, next) => {
    if (shop.users.find(req.session.userId) !== null) return next()
    await req.session.logout()
    res.redirect(303, signIn)
  }
  return [requireUser({ signIn }), hasAccount]
}

/** The user of a request that `requireShopper` let by. */
export function currentUser(shop: Shop, req: Request): User {
  const user = shop.users.find(req.session.userId)
  if (user === null) throw new Error('This route needs requireShopper before it.')
  return user
}

/** The page where this user proves who they are: with the passkey if they have one, or else with the password. */
export function proofPage(shop: Shop, userId: string | null): '/passkey' | '/confirm' {
  return shop.users.passkeys(userId ?? '').length > 0 ? '/passkey' : '/confirm'
}

/** The user proved who they are in the last ten minutes. A session that a guard distrusts has no proof. */
export function requireRecentProof(shop: Shop): RequestHandler {
  const withPassword = requireFresh('10m', { confirm: '/confirm', signIn })
  const withPasskey = requireFresh('10m', { confirm: '/passkey', signIn })
  const strong = requireAssurance('aal2', { stepUp: '/passkey', signIn })
  return (req, res, next) => {
    if (proofPage(shop, req.session.userId) === '/confirm') return withPassword(req, res, next)
    withPasskey(req, res, (error) => (error === undefined ? strong(req, res, next) : next(error)))
  }
}

/** The message for a visitor whose session is gone. */
const WHY: Partial<Record<NonNullable<Session['refused']>, string>> = {
  expired: 'You were away for a while, so we signed you out.',
  ended: 'This device was signed out.',
  reused: 'We saw an old copy of your session and ended it, to be safe. Please sign in again.',
}

export function whyRefused({ session }: Request): string | undefined {
  return session.refused === null ? undefined : WHY[session.refused]
}
