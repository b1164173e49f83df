import type { Audit, Login } from '../audit/audit.ts'
import type { Exchange } from '../http/exchange.ts'
import { fill } from '../recipe/fill.ts'
import { type Forged, forgeriesOf } from './forged.ts'
import { goesWith, type Sender } from './senders.ts'

/** Takes the effect of the recipe's action away, where the recipe says how. */
export async function undo(audit: Audit, victim: Login): Promise<void> {
  const { undo: steps } = audit.recipe.action ?? {}
  if (steps !== undefined) await audit.run(victim, steps, 'undo the action')
}

/** Whether the value shows where the recipe says it would. */
export async function lookForEffect(
  audit: Audit,
  victim: Login,
  variables: ReadonlyMap<string, string>,
): Promise<{ seen: boolean; exchange: Exchange }> {
  const { get = '/', text = '${value}' } = audit.recipe.action?.effect ?? {}
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

/** Those that a browser would let go with a request of another site, or all that it has. */
export type CookiesSent = 'as browsers do' | 'all'

/** Forged requests, one at a time, each with a fresh value. */
export interface Attempts {
  /** The first that takes effect. */
  first(senders: readonly Sender[], cookies: CookiesSent): Promise<Hit | null>
  /** Why one that took no effect may not have been refused. */
  unclear(): string | null
}

export function createAttempts(audit: Audit, first: Login, attacker: Login): Attempts {
  const steps = audit.recipe.action?.steps ?? []
  const secrets = new Set(steps.flatMap(({ extract = {} }) => Object.keys(extract)))
  let victim = first
  let unclear: string | null = null

  /** The last step with what the attacker knows: a fresh value, and tokens of a session of its own. */
  async function prepare(): Promise<{ forgeries: readonly Forged[]; variables: ReadonlyMap<string, string> }> {
    const fresh = audit.variablesOf(attacker.role)
    const prepared = await audit
      .run(attacker, steps.slice(0, -1), 'get a token of the attacker’s own', fresh)
      .catch(() => null)
    const variables = new Map([...(prepared?.variables ?? attacker.variables), ...fresh])
    for (const name of secrets) if (!variables.has(name)) variables.set(name, 'none')
    const last = steps.at(-1)
    return { forgeries: last === undefined ? [] : forgeriesOf(last, variables, secrets), variables }
  }

  async function one(sender: Sender, index: number, cookies: CookiesSent): Promise<Hit | null | 'no more'> {
    const { forgeries, variables } = await prepare()
    const forged = forgeries[index]
    if (forged === undefined) return 'no more'
    // The attacker's login, or what the application does to forged requests, may have put the victim out.
    if ((await audit.look(victim.client)).state !== 'in') victim = await audit.login('victim')
    const request = await send(forged, sender, cookies)
    if (request === null) return null
    const { seen, exchange } = await lookForEffect(audit, victim, variables)
    for (const { response, fault } of [request, exchange]) {
      if (response === null || response.status === 429) unclear = `a request was answered ${response?.status ?? fault}`
    }
    if ((exchange.response?.status ?? 0) >= 500) unclear = `the effect was answered ${exchange.response?.status}`
    return seen ? { forged, sender, exchanges: [request, exchange] } : null
  }

  /** `null`: the browser would send no cookie that matters, so the request is a stranger's. */
  async function send(forged: Forged, sender: Sender, cookies: CookiesSent): Promise<Exchange | null> {
    const { client } = victim
    const url = new URL(forged.url, audit.target)
    const sent = client.cookies().filter((cookie) => cookies === 'all' || goesWith(cookie, sender.site, forged.method))
    const goes = new Set(sent.map(({ name }) => name))
    if (!audit.carriers.some((names) => names.every((name) => goes.has(name)))) return null
    const pairs = client.cookieHeader(url.href).split('; ')
    return client.send({
      ...forged,
      headers: [...forged.headers, ...sender.headers(audit.target, forged.method)],
      cookie: pairs.filter((pair) => goes.has(pair.split('=')[0] ?? '')).join('; '),
      purpose: `forged by ${sender.name}, as ${forged.name}`,
    })
  }

  return {
    async first(senders, cookies) {
      for (const sender of senders) {
        for (let i = 0; ; i++) {
          const hit = await one(sender, i, cookies)
          if (hit === 'no more') break
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
