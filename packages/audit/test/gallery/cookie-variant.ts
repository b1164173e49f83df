import { type CookieSwitches, cookieApp } from '../support/cookie-app.ts'
import type { App } from '../support/web.ts'
import { CAREFUL_COOKIE } from './careful.ts'
import { cookieRecipe } from './recipes.ts'
import * as twist from './twists.ts'
import { type Changes, changed, ofChecks, type Truth, toRun, type Variant } from './variant.ts'

export type More = Partial<Omit<Variant, 'name' | 'app'>> & {
  readonly switches?: CookieSwitches
  readonly twists?: readonly twist.Twist[]
}

const noStore = twist.sends({ 'cache-control': 'no-store' })

export const appOf = ({ switches = {}, twists = [] }: More): App =>
  twist.twisted(cookieApp({ forgery: 'token', renewsAtPasswordChange: true, ...switches }), noStore, ...twists)

/** The careful application but for `more`, of which the careful truth holds but for `changes`. */
export function variant(name: string, more: More, changes: Changes = {}, base: Truth = CAREFUL_COOKIE): Variant {
  const { switches: _, twists: __, ...rest } = more
  const truth = ofChecks(base, toRun(rest))
  return { name, app: () => appOf(more), recipe: cookieRecipe, ...rest, truth: changed(truth, changes) }
}
