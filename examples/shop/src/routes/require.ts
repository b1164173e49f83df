import type { Request, RequestHandler } from 'express'
import type { Session } from 'sojourn'
import type { Shop } from '../shop.ts'
import type { User } from '../users.ts'
import { notify } from './show.ts'

/** The message for a visitor whose session is gone. */
const WHY: Partial<Record<NonNullable<Session['refused']>, string>> = {
  expired: 'You were away for a while, so we signed you out.',
  ended: 'This device was signed out.',
  reused: 'We saw an old copy of your session and ended it, to be safe. Please sign in again.',
}

/** Lets only signed-in users by; others sign in first and come back. */
export function requireUser(shop: Shop): RequestHandler {
  return (req, res, next) => {
    // No cache may keep private pages, not even the browser's: *back* after *sign out* sends a request again.
    res.set('Cache-Control', 'no-store')
    if (shop.users.find(req.session.userId) !== null) return next()
    const why = req.session.refused && WHY[req.session.refused]
    if (why) notify(req, why)
    comeBackTo(req, req.method === 'GET' ? req.originalUrl : '/account')
    res.redirect(303, '/sign-in')
  }
}

/** The user of a request that `requireUser` let by. */
export function currentUser(shop: Shop, req: Request): User {
  const user = shop.users.find(req.session.userId)
  if (user === null) throw new Error('This route needs requireUser before it.')
  return user
}

/** Continues if the user gave the password in the last ten minutes. Otherwise asks for it, and returns to this page. */
export function requireRecentProof(back: string): RequestHandler {
  return (req, res, next) => {
    if (req.session.authenticatedWithin('10m')) return next()
    comeBackTo(req, back)
    res.redirect(303, '/confirm')
  }
}

/** The way back is kept in the session, not in the address, so that nobody else can choose it. */
function comeBackTo(req: Request, path: string): void {
  req.session.flash.set('back', path)
}

export function wayBack(req: Request, otherwise: string): string {
  const path = req.session.flash.take('back')
  return typeof path === 'string' ? path : otherwise
}
