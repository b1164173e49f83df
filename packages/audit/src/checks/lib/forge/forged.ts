import type { Variables } from '../../../recipe/fill.ts'
import type { Step } from '../../../recipe/recipe.ts'
import { type Forged, formsOf } from './forms.ts'

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

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

const names = (value: unknown, secrets: ReadonlySet<string>) => {
  const text = JSON.stringify(value) ?? ''
  return [...secrets].some((name) => text.includes(`\${${name}}`))
}

/** Whether a foreign page can send a secret along where the step has it. It cannot set headers. */
export const namesSecrets = ({ headers: _, ...step }: Step, secrets: ReadonlySet<string>): boolean =>
  names(step, secrets)

/** The step as somebody writes it who knows only what does not come from pages of the application. */
export function withoutSecrets({ headers, form, json, ...rest }: Step, secrets: ReadonlySet<string>): Step {
  const kept = (record: object) =>
    Object.fromEntries(Object.entries(record).filter(([, value]) => !names(value, secrets)))
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  return {
    ...rest,
    ...withoutQuery(rest, secrets),
    ...(headers === undefined ? {} : { headers: kept(headers) as Record<string, string> }),
    ...(form === undefined ? {} : { form: kept(form) as Record<string, string> }),
    ...(json === undefined ? {} : { json: isObject ? kept(json) : json }),
  }
}

function withoutQuery(step: Step, secrets: ReadonlySet<string>): Step {
  const changed = METHODS.flatMap((method) => {
    const [path = '', query] = step[method]?.split('?') ?? []
    if (query === undefined) return []
    const pairs = query.split('&').filter((pair) => !names(pair, secrets))
    return [[method, pairs.length === 0 ? path : `${path}?${pairs.join('&')}`]]
  })
  return Object.fromEntries(changed) as Step
}
