import type { Headers } from '../http/exchange.ts'
import { fill, fillJson, type Variables } from '../recipe/fill.ts'
import type { Step } from '../recipe/recipe.ts'
import { toRequest } from '../recipe/run-steps.ts'

/** A request that a page elsewhere can make a browser send without asking first (no CORS preflight). */
export interface Forged {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Headers
  readonly body: string | null
}

const FORM = 'application/x-www-form-urlencoded'

/**
 * The last step of an action in the forms that a foreign page can give it. `secrets` are the variables that only a page
 * of the application gives out: a foreign page has none of them, or those of the attacker's own session.
 */
export function forgeriesOf(step: Step, variables: Variables, secrets: ReadonlySet<string>): Forged[] {
  const bare = withoutSecrets(step, secrets)
  const own = namesSecrets(step, secrets)
    ? [['', bare] as const, [' and a token of the attacker’s own', step] as const]
    : [['', bare] as const]
  return own.flatMap(([more, from]) =>
    formsOf(from, variables).map((forged) => ({ ...forged, name: forged.name + more })),
  )
}

function formsOf(step: Step, variables: Variables): Forged[] {
  const { url, method, body, headers } = toRequest(step, variables, '')
  const pairs = pairsOf(step, variables)
  const query = new URLSearchParams(pairs).toString()
  const address = query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
  const kinds: Forged[] = [
    { name: 'a form', method: 'POST', url, headers: [['content-type', FORM]], body: overridden(pairs, method) },
    { name: 'a link', method: 'GET', url: address, headers: [], body: null },
  ]
  if (step.json !== undefined) {
    kinds.push({
      name: 'JSON as text/plain',
      method: 'POST',
      url,
      headers: [['content-type', 'text/plain']],
      body: body ?? null,
    })
  }
  if (step.body !== undefined && method === 'POST') {
    const type = headers?.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? 'text/plain'
    kinds.push({
      name: 'the body as text/plain',
      method: 'POST',
      url,
      headers: [['content-type', simple(type)]],
      body: body ?? null,
    })
  }
  return kinds.map((kind) => ({ ...kind, body: kind.body ?? null }))
}

/** Frameworks take another method from a field of a form. */
function overridden(pairs: readonly [string, string][], method: string): string {
  const more: [string, string][] = method === 'POST' || method === 'GET' ? [] : [['_method', method]]
  return new URLSearchParams([...pairs, ...more]).toString()
}

const simple = (type: string) =>
  /^(text\/plain|multipart\/form-data|application\/x-www-form-urlencoded)/i.test(type) ? type : 'text/plain'

function pairsOf({ form, json }: Step, variables: Variables): [string, string][] {
  if (form !== undefined) return Object.entries(form).map(([name, value]) => [name, fill(value, variables)])
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(fillJson(json, variables) as Record<string, unknown>).map(([name, value]) => [
    name,
    String(value),
  ])
}

const names = (value: unknown, secrets: ReadonlySet<string>) =>
  typeof value === 'string' && [...secrets].some((name) => value.includes(`\${${name}}`))

function namesSecrets(step: Step, secrets: ReadonlySet<string>): boolean {
  const text = JSON.stringify([step.form, step.json, step.headers, step.body])
  return [...secrets].some((name) => text.includes(`\${${name}}`))
}

/** A foreign page cannot set headers of its own, and does not know what only the application's pages say. */
function withoutSecrets(step: Step, secrets: ReadonlySet<string>): Step {
  const { headers: _, form, json, ...rest } = step
  const kept = (record: object) =>
    Object.fromEntries(Object.entries(record).filter(([, value]) => !names(value, secrets)))
  return {
    ...rest,
    ...(form === undefined ? {} : { form: kept(form) as Record<string, string> }),
    ...(json === undefined
      ? {}
      : { json: typeof json === 'object' && json !== null && !Array.isArray(json) ? kept(json) : json }),
  }
}
