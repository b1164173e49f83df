import type { Step } from '../../../recipe/recipe.ts'

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
