import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../http/client.ts'
import { createClient } from '../http/create-client.ts'
import type { Engine } from '../http/engine.ts'
import { toEvidence } from '../http/evidence.ts'
import { type Secrets, shown } from '../http/secrets.ts'
import { environmentOf, fill, fillJson, variablesOfUser } from '../recipe/fill.ts'
import type { User } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import type { Application } from './application.ts'
import {
  type Audit,
  type AuditOptions,
  type Credential,
  type Login,
  NoLogin,
  type Probe,
  type Role,
  type Sent,
} from './audit.ts'
import { stateOf } from './judge-state.ts'
import { doLogin } from './logging-in.ts'
import { sampleTokens } from './sample-tokens.ts'

export interface AuditParts {
  readonly engine: Engine
  readonly secrets: Secrets
  readonly application: Application
  readonly user: User
  readonly secondUser: User | null
  readonly options: AuditOptions
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
}

/** What the runner knows beyond what checks see. */
export interface RunningAudit extends Audit {
  carriers: readonly (readonly string[])[]
  logoutProblem: string | null
  readonly logins: readonly Login[]
  readonly endings: readonly (() => Promise<string | null>)[]
}

/** Everything a check may do, on one engine. */
export function createAudit(parts: AuditParts): RunningAudit {
  const { engine, secrets, application, signal } = parts
  const { recipe } = application
  const environment = environmentOf(recipe, parts.env)
  for (const [name, value] of environment) secrets.learn(value, name.slice(4), `${name.slice(4)} of the environment`)
  const users: Record<Role, User | null> = {
    first: fillUser(parts.user, environment),
    second: parts.secondUser && fillUser(parts.secondUser, environment),
  }
  const passwords = new Map<Role, string>()
  const logins: Login[] = []
  const endings: (() => Promise<string | null>)[] = []
  const learn = secrets.learn
  for (const role of ['first', 'second'] as const) if (users[role] !== null) setPassword(role, users[role].password)

  function setPassword(role: Role, password: string): void {
    passwords.set(role, password)
    secrets.learn(password, role === 'first' ? 'password' : 'second password', `password of the ${role} user`)
    const { basic = '' } = Object.fromEntries(variablesOfUser({ name: users[role]?.name ?? '', password }))
    secrets.learn(basic, 'basic', `name and password of the ${role} user, with a colon between, in base64`)
  }

  function variablesOf(role: Role): Map<string, string> {
    const user = users[role]
    if (user === null) throw new NoLogin('there is no second user')
    return new Map([
      ...environment,
      ...variablesOfUser({ name: user.name, password: passwords.get(role) ?? '' }),
      ['value', randomBytes(8).toString('hex')],
    ])
  }

  const client = (name: string): Client => createClient(engine, name)

  async function look(of: Client, purpose = 'logged-in check', sent: Sent = {}): Promise<Probe> {
    const { get, headers = {} } = recipe.loggedIn
    const variables = variablesOf(roleOf(of))
    const { query, pathParameter, ...instead } = sent
    const filled = fill(get, variables, encodeURIComponent)
    const url = pathParameter === undefined ? filled : filled.replace(/\?|$/, (end) => `;${pathParameter}${end}`)
    const exchange = await of.send({
      ...instead,
      url: query === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`,
      headers: Object.entries(fillJson(headers, variables) as Record<string, string>),
      purpose,
    })
    return { state: stateOf(exchange, recipe.loggedIn, variables), client: of, exchange }
  }

  /** Whose session a client is expected to have: what it logged in as, else the first user's. */
  const roleOf = (of: Client): Role => logins.find((login) => login.client === of)?.role ?? 'first'

  async function login(name: string, options: { role?: Role; client?: Client } = {}): Promise<Login> {
    const { role = 'first' } = options
    const made = await doLogin(options.client ?? client(name), role, recipe, variablesOf(role), learn)
    logins.push(made)
    const { state, exchange } = await look(made.client, 'logged-in check after the login')
    if (state !== 'in') {
      const last = made.exchanges.at(-1)?.response?.status
      throw new NoLogin(
        `after the login (answered ${last}) the logged-in check was answered ${exchange.response?.status ?? exchange.fault}`,
      )
    }
    // Some applications give the session out, or a new one, with the first page after the login.
    const whole = { ...made, credential: { ...made.credential, cookies: made.client.cookies() } }
    logins[logins.indexOf(made)] = whole
    return whole
  }

  async function probe(name: string, { cookies, bearer }: Credential): Promise<Probe> {
    const clean = client(name)
    for (const cookie of cookies) clean.hold(cookie)
    clean.bearer = bearer
    return look(clean)
  }

  const run: Audit['run'] = (made, steps, purpose, more = new Map()) =>
    runSteps(made.client, steps, new Map([...made.variables, ...variablesOf(made.role), ...more]), purpose, learn)

  const loginOf = (of: Client) => logins.find((made) => made.client === of)

  const audit: RunningAudit = {
    target: engine.target,
    application,
    recipe,
    options: parts.options,
    carriers: [],
    logoutProblem: null,
    insecureTls: engine.insecureTls,
    hasSecondUser: users.second !== null,
    exchanges: engine.exchanges,
    logins,
    endings,
    client,
    login,
    look,
    probe,
    async logout(of) {
      if (recipe.logout === undefined) throw new Error('no logout is known')
      const variables = new Map([...(loginOf(of)?.variables ?? []), ...variablesOf(roleOf(of))])
      return (await runSteps(of, recipe.logout, variables, 'log out', learn)).exchanges
    },
    run,
    variablesOf,
    setPassword,
    onEnd: (work) => void endings.push(work),
    sampleTokens: () => {
      samples ??= sampleTokens(audit)
      return samples
    },
    evidence: (says, exchanges) => toEvidence(says, exchanges, secrets, engine.insecureTls),
    hide: learn,
    mask: (text) => shown(secrets.mark(text)),
    wait: (ms) => sleep(ms, undefined, signal && { signal }),
  }
  let samples: ReturnType<Audit['sampleTokens']> | null = null
  return audit
}

const fillUser = ({ name, password }: User, environment: ReadonlyMap<string, string>): User => ({
  name: fill(name, environment),
  password: fill(password, environment),
})
