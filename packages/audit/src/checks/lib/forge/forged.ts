import type { Headers } from '../../../http/exchange.ts'
import type { Variables } from '../../../recipe/fill.ts'
import type { Step } from '../../../recipe/recipe.ts'
import { formsOf } from './forms.ts'
import { namesSecrets, withoutSecrets } from './secret-parts.ts'

/** A request that a page elsewhere can make a browser send without asking first (no CORS preflight). */
export interface Forged {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Headers
  readonly body: string | null
  /** A form or a link goes somewhere; a script may also send in the background (`fetch` with `mode: 'no-cors'`). */
  readonly mode: 'navigate' | 'no-cors'
  /** Less usual ones do not depend on who sends them: they are tried from one place. */
  readonly isUsual: boolean
}

/**
 * The last step of an action in the forms that a foreign page can give it. `secrets` are the variables that only a page
 * of the application gives out: a foreign page has none of them, leaves them empty, or has those of a session of its own.
 */
export function forgeriesOf(step: Step, variables: Variables, secrets: ReadonlySet<string>): Forged[] {
  const bare = formsOf(withoutSecrets(step, secrets), variables)
  if (!namesSecrets(step, secrets)) return bare
  const blank = new Map([...variables, ...[...secrets].map((name) => [name, ''] as const)])
  const [empty] = formsOf(step, blank)
  return [
    ...bare,
    ...formsOf(step, variables)
      .filter(({ isUsual }) => isUsual)
      .map((forged) => ({ ...forged, name: `${forged.name} and a token of the attacker’s own` })),
    ...(empty === undefined ? [] : [{ ...empty, name: `${empty.name} and an empty token`, isUsual: false }]),
  ]
}
