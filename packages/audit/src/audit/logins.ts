import type { Client, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { textAt } from '../recipe/extract.ts'
import { StepFailed, type Variables } from '../recipe/fill.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { type Learn, runSteps } from '../recipe/run-steps.ts'
import { type Ask, type Login, type LoginOptions, NoLogin, type Role, type Users } from './audit.ts'
import { heldNow } from './credentials.ts'
import { type LoginGate, LoginsLimited } from './login-gate.ts'

export interface Logins {
  readonly all: readonly Login[]
  /** Every client that began to log in. If it was interrupted, the outcome is unknown. */
  readonly begun: ReadonlyMap<Client, Role>
  readonly login: Users['login']
  readonly sharedLogin: Users['sharedLogin']
}

export interface LoginsParts {
  readonly recipe: Recipe
  readonly learn: Learn
  readonly gates: Readonly<Record<Role, LoginGate>>
  client(name: string): Client
  variablesOf(role: Role): Variables
  askAs: Ask['as']
}

/** Makes logins, but as few as possible, because applications count them and some lock the account. */
export function createLogins({ recipe, learn, gates, client, variablesOf, askAs }: LoginsParts): Logins {
  const all: Login[] = []
  const begun = new Map<Client, Role>()
  /** Logins that are in use, have ended, or began with a planted cookie. */
  const taken = new Set<Client>()
  let common: Login | null = null

  async function login(name: string, options: LoginOptions = {}): Promise<Login> {
    const { role = 'first', client: given, fresh = false, unsure = false } = options
    const gate = gates[role]
    for (;;) {
      try {
        await gate.open()
      } catch (error) {
        const mayLend = error instanceof LoginsLimited && given === undefined && !fresh
        const spare = mayLend ? await findSpare(role) : null
        if (spare === null) throw error
        return spare
      }
      const of = given ?? client(name)
      if (given !== undefined) taken.add(given)
      const seen = of.exchanges.length
      const made = await once(of, role)
      if (!(made instanceof NoLogin)) return made
      const password = variablesOf(role).get('password') ?? ''
      // A refusal may be caused by the planted cookie.
      if (!gate.failed(password, of.exchanges.slice(seen), unsure || given !== undefined)) throw made
      if (given !== undefined) throw new LoginsLimited(gate.limit ?? made.message, null)
    }
  }

  async function once(of: Client, role: Role): Promise<Login | NoLogin> {
    const variables = variablesOf(role)
    begun.set(of, role)
    try {
      const made = await doLogin(of, role, recipe, variables, learn)
      all.push(made)
      const { state, exchange } = await askAs(of, 'logged-in check after the login')
      if (state !== 'in') {
        all.pop()
        const last = made.exchanges.at(-1)?.response?.status
        const answer = exchange.response?.status ?? exchange.fault
        return new NoLogin(`after the login (answered ${last}) the logged-in check was answered ${answer}`)
      }
      gates[role].worked(variables.get('password') ?? '')
      // Some applications send the session, or a new one, with the first page after the login.
      const whole = { ...made, credential: heldNow(made) }
      all[all.indexOf(made)] = whole
      return whole
    } catch (error) {
      if (error instanceof NoLogin) return error
      throw error
    }
  }

  /** Returns a login that an earlier check left logged in. */
  async function findSpare(role: Role): Promise<Login | null> {
    for (const held of all.filter((made) => made.role === role && made.client !== common?.client)) {
      if (taken.has(held.client)) continue
      taken.add(held.client)
      if ((await askAs(held.client, 'is it still logged in')).state === 'in')
        return { ...held, credential: heldNow(held) }
    }
    return null
  }

  async function sharedLogin(): Promise<Login> {
    const isAlive = common !== null && (await askAs(common.client, 'is it still logged in')).state === 'in'
    if (!isAlive || common === null) common = await login('one that many checks look at')
    return { ...common, credential: heldNow(common) }
  }

  return { all, begun, login, sharedLogin }
}

/** Runs the login steps of a recipe. Does not decide yet whether they logged in. */
export async function doLogin(
  client: Client,
  role: Role,
  recipe: Recipe,
  variables: Variables,
  learn: Learn,
): Promise<Login> {
  const done = await runSteps(client, recipe.login, variables, 'log in', learn).catch((error: unknown) => {
    throw error instanceof StepFailed ? new NoLogin(`the login does not work: ${error.message}`) : error
  })
  const take = (path: string | undefined, name: string) => {
    if (path === undefined) return null
    const token = done.exchanges
      .map((exchange) => textAt(exchange.response?.body ?? '', path))
      .findLast((found) => found !== null)
    if (token === undefined || token === null) throw new NoLogin(`no answer to the login has ${name} at ${path}`)
    learn(token, name, `${path} in the answer to the login`)
    return token
  }
  const bearer = take(recipe.credential?.bearer?.json, 'bearer')
  const refreshToken = take(recipe.refresh?.token?.json, 'refresh token')
  if (bearer !== null) client.bearer = bearer
  return {
    role,
    client,
    sent: cookiesSentWith(variables.get('password') ?? '', client, done.exchanges),
    credential: { cookies: client.cookies(), bearer },
    refreshToken,
    exchanges: done.exchanges,
    variables: new Map([
      ...done.variables,
      ...(refreshToken === null ? [] : [['refreshToken', refreshToken] as const]),
    ]),
  }
}

/** The cookies that the client sent with the password. They include what an attacker planted or saw before. */
function cookiesSentWith(password: string, client: Client, exchanges: readonly Exchange[]): readonly HeldCookie[] {
  const forms = [
    password,
    encodeURIComponent(password),
    JSON.stringify(password).slice(1, -1),
    new URLSearchParams([['', password]]).toString().slice(1),
  ]
  const carries = ({ request }: Exchange) => forms.some((form) => `${request.url}\n${request.body}`.includes(form))
  const exchange = exchanges.find(carries) ?? exchanges.find(({ request }) => request.method !== 'GET')
  return exchange === undefined ? [] : client.heldAt(exchange)
}
