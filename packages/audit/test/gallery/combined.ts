import { type BearerSwitches, bearerApp } from '../support/bearer-app.ts'
import type { CookieSwitches } from '../support/cookie-app.ts'
import { CAREFUL_BEARER, CAREFUL_COOKIE } from './careful.ts'
import { appOf } from './cookie-variant.ts'
import { bearerRecipe, cookieRecipe } from './recipes.ts'
import * as twist from './twists.ts'
import { changed, ofChecks, toRun, type Variant } from './variant.ts'
import type { Weakness } from './weaknesses.ts'

/** Whether what is true of them together is what is true of each: they are about different things. */
export function areApart(some: readonly Weakness[]): boolean {
  const isTwice = (lists: readonly (readonly string[])[]) => new Set(lists.flat()).size < lists.flat().length
  const recipes = new Set(some.flatMap(({ recipe }) => recipe ?? []))
  const tells = some.map(({ changes }) => changes)
  return (
    !isTwice(some.map(({ switches = {} }) => Object.keys(switches))) &&
    some.filter(({ inner }) => inner !== undefined).length < 2 &&
    recipes.size < 2 &&
    tells.every((one, i) =>
      Object.entries(one).every(([about, verdict]) =>
        tells.slice(i + 1).every((other) => !(about in other) || other[about] === verdict),
      ),
    )
  )
}

const twistsOf = (some: readonly Weakness[]) =>
  [...some.flatMap(({ inner }) => inner ?? []), ...some.flatMap(({ twists = [] }) => twists)].map((make) => make())

const all = <Part extends object>(parts: readonly (Part | undefined)[]): Part => Object.assign({}, ...parts) as Part

/** The cookie application with all of them. */
export const combined = (some: readonly Weakness[]): Variant => ({
  name: some.map(({ name }) => name).join(' + '),
  app: () => appOf({ switches: all(some.map(({ switches }) => switches as CookieSwitches)), twists: twistsOf(some) }),
  recipe: some.find(({ recipe }) => recipe !== undefined)?.recipe ?? cookieRecipe,
  truth: changed(ofChecks(CAREFUL_COOKIE, toRun({})), all(some.map(({ changes }) => changes))),
})

const noStore = twist.sends({ 'cache-control': 'no-store' })

/** The bearer application with all of them. */
export const combinedBearer = (some: readonly Weakness[]): Variant => ({
  name: some.map(({ name }) => name).join(' + '),
  app: () =>
    twist.twisted(bearerApp(all(some.map(({ switches }) => switches as BearerSwitches))), noStore, ...twistsOf(some)),
  recipe: bearerRecipe,
  truth: changed(ofChecks(CAREFUL_BEARER, toRun({})), all(some.map(({ changes }) => changes))),
})
