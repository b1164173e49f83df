import type { Audit, Login } from '../../../audit/audit.ts'
import type { Exchange } from '../../../http/exchange.ts'
import { fill, type Variables } from '../../../recipe/fill.ts'
import type { Step } from '../../../recipe/recipe.ts'
import { type Forged, formsOf } from './forms.ts'
import { goesWith, headersFrom, type Sender } from './senders.ts'

/** Undoes the effect of the recipe's action, if the recipe defines how. */
export async function undo(audit: Audit, victim: Login): Promise<void> {
  const { undo: steps } = audit.app.recipe.action ?? {}
  if (steps !== undefined) await audit.users.run(victim, steps, 'undo the action')
}

/** Returns whether the value appears where the recipe expects it. */
export async function lookForEffect(
  audit: Audit,
  victim: Login,
  variables: ReadonlyMap<string, string>,
): Promise<{ seen: boolean; exchange: Exchange }> {
  const { get = '/', text = '${value}' } = audit.app.recipe.action?.effect ?? {}
  const exchange = await victim.client.send({
    url: fill(get, variables, encodeURIComponent),
    purpose: 'did it take effect',
  })
  return { seen: exchange.response?.body.includes(fill(text, variables)) === true, exchange }
}

export interface Hit {
  readonly forged: Forged
  readonly sender: Sender
  readonly exchanges: readonly Exchange[]
}

/** The cookies that a browser would send with a request of another site, or all cookies. */
export type CookiesSent = 'as browsers do' | 'all'

/** Forged requests, one at a time, each with a new value. */
export interface Attempts {
  /** Returns the first that takes effect. */
  first(senders: readonly Sender[], cookies: CookiesSent): Promise<Hit | null>
  /** Returns why a request without effect may not have been refused. */
  unclear(): string | null
}

export function createAttempts(audit: Audit, first: Login, attacker: Login): Attempts {
  const steps = audit.app.recipe.action?.steps ?? []
  const last = steps.at(-1)
  const secrets = new Set(steps.flatMap(({ extract = {} }) => Object.keys(extract)))
  const unknown = [...secrets].map((name) => [name, 'none'] as const)
  const tried = new Set<string>()
  let victim = first
  let unclear: string | null = null

  const forgeries = (variables: ReadonlyMap<string, string>) =>
    last === undefined ? [] : forgeriesOf(last, variables, secrets)

  /** What the attacker knows: a new value, and tokens of a session of its own. */
  async function prepare(): Promise<ReadonlyMap<string, string>> {
    const fresh = audit.users.variablesOf(attacker.role)
    const prepared = await audit.users
      .run(attacker, steps.slice(0, -1), 'get a token of the attacker’s own', fresh)
      .catch(() => null)
    return new Map([...unknown, ...(prepared?.variables ?? attacker.variables), ...fresh])
  }

  async function one(sender: Sender, index: number, goes: ReadonlySet<string>): Promise<Hit | null> {
    const variables = await prepare()
    const forged = forgeries(variables)[index]
    // The attacker's login, or the application's reaction to forged requests, may have logged the victim out.
    if ((await audit.ask.as(victim.client)).state !== 'in') victim = await audit.users.login('victim')
    if (forged === undefined) return null
    const request = await send(forged, sender, goes)
    const { seen, exchange } = await lookForEffect(audit, victim, variables)
    for (const { response, fault } of [request, exchange]) {
      if (response === null || response.status === 429) unclear = `a request was answered ${response?.status ?? fault}`
    }
    if ((exchange.response?.status ?? 0) >= 500) unclear = `the effect was answered ${exchange.response?.status}`
    return seen ? { forged, sender, exchanges: [request, exchange] } : null
  }

  function send(forged: Forged, sender: Sender, goes: ReadonlySet<string>): Promise<Exchange> {
    const { client } = victim
    const pairs = client.cookieHeader(new URL(forged.url, audit.app.target).href).split('; ')
    return client.send({
      ...forged,
      headers: [...forged.headers, ...headersFrom(sender, audit.app.target, forged)],
      cookie: pairs.filter((pair) => goes.has(pair.split('=')[0] ?? '')).join('; '),
      purpose: `forged by ${sender.name}, as ${forged.name}`,
    })
  }

  /** `null`: the browser would send no relevant cookie, so the request would be anonymous; or it was tried already. */
  function cookiesFor(forged: Forged, sender: Sender, cookies: CookiesSent): ReadonlySet<string> | null {
    const { site } = sender
    const sent = victim.client
      .cookies()
      .filter((cookie) => cookies === 'all' || goesWith(cookie, site, forged.method, forged.mode))
    const goes = new Set(sent.map(({ name }) => name))
    if (!audit.app.carriers.some((names) => names.every((name) => goes.has(name)))) return null
    const key = JSON.stringify([site, forged.name, headersFrom(sender, audit.app.target, forged), [...goes].sort()])
    if (tried.has(key)) return null
    tried.add(key)
    return goes
  }

  return {
    async first(senders, cookies) {
      // Only the forms of the requests matter here. Addresses and values are filled in for each attempt.
      const outlines = forgeries(
        new Map([...unknown, ...attacker.variables, ...audit.users.variablesOf(attacker.role)]),
      )
      for (const [place, sender] of senders.entries()) {
        for (const [index, outline] of outlines.entries()) {
          const goes = place > 0 && !outline.isUsual ? null : cookiesFor(outline, sender, cookies)
          const hit = goes === null ? null : await one(sender, index, goes)
          if (hit === null) continue
          await undo(audit, victim)
          return hit
        }
      }
      return null
    },
    unclear: () => unclear,
  }
}

/**
 * The last step of an action in the forms that a foreign page can send. `secrets` are the variables that only a page of the
 * application contains. A foreign page lacks them, leaves them empty, or has those of a session of its own.
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

/** Whether a foreign page can send a secret where the step has it. It cannot set headers. */
export const namesSecrets = ({ headers: _, ...step }: Step, secrets: ReadonlySet<string>): boolean =>
  names(step, secrets)

/** The step as an attacker would write it who knows nothing from pages of the application. */
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
