import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, Credential } from '../http/client.ts'
import { createClient } from '../http/create-client.ts'
import type { Engine } from '../http/engine.ts'
import { toEvidence } from '../http/evidence.ts'
import { type Secrets, shown } from '../http/masking.ts'
import { environmentOf, variablesOfUser } from '../recipe/fill.ts'
import { requestOf, stateOf } from '../recipe/logged-in-check.ts'
import type { User } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import type { Application } from './application.ts'
import {
  type App,
  type Audit,
  type AuditOptions,
  type Clock,
  NoLogin,
  type Probe,
  type Role,
  type Sent,
} from './audit.ts'
import { type Gained, gainedBy, handOn } from './credentials.ts'
import { createLoginGate } from './login-gate.ts'
import { createLogins } from './logins.ts'

export interface AuditParts {
  readonly engine: Engine
  readonly secrets: Secrets
  readonly application: Application
  readonly user: User
  readonly secondUser: User | null
  readonly options: AuditOptions
  readonly env: Readonly<Record<string, string | undefined>>
  warn(text: string): void
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

const realClock: Clock = {
  now: () => performance.now(),
  wait: (ms, signal) => sleep(ms, undefined, signal && { signal }),
}

/** What the runner knows in addition to what checks see. */
export interface RunningAudit extends Audit {
  readonly app: RunningApp
  /** Clients that began to log in, or received a session for what they presented. */
  readonly begun: readonly Client[]
  /** A description of the application's login limit, and what to do about it. `null`: none was seen. */
  readonly loginLimit: string | null
  readonly endings: readonly (() => Promise<string | null>)[]
}

interface RunningApp extends App {
  carriers: App['carriers']
  logoutProblem: App['logoutProblem']
  firstLogout: App['firstLogout']
}

/** Creates the audit on one engine. */
export function createAudit(parts: AuditParts): RunningAudit {
  const { engine, secrets, application, signal, clock = realClock } = parts
  const { recipe } = application
  const environment = environmentOf(recipe, parts.env)
  for (const [name, value] of environment) secrets.learn(value, name.slice(4), `${name.slice(4)} of the environment`)
  const users: Record<Role, User | null> = {
    first: parts.user,
    second: parts.secondUser,
  }
  const passwords = new Map<Role, string>()
  const strangers = new Set<Client>()
  const renewed = new Set<string>()
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
  const wait = (ms: number) => realClock.wait(ms, signal)
  const gate = () => createLoginGate({ patienceMs: parts.options.patienceMs, wait, now: Date.now })
  const gates = { first: gate(), second: gate() }
  const logins = createLogins({ recipe, learn, gates, client, variablesOf, askAs })

  async function askAs(of: Client, purpose = 'logged-in check', sent: Sent = {}): Promise<Probe> {
    const variables = variablesOf(roleOf(of))
    const { query, pathParameter, ...instead } = sent
    const asked = requestOf(recipe.loggedIn, variables)
    const url = pathParameter === undefined ? asked.url : asked.url.replace(/\?|$/, (end) => `;${pathParameter}${end}`)
    const exchange = await of.send({
      ...instead,
      url: query === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`,
      headers: asked.headers,
      purpose,
    })
    const state = stateOf(exchange, recipe.loggedIn, variables)
    if (state === 'in') creditRenewals(of, gainedBy(of, exchange, sent))
    return { state, client: of, exchange }
  }

  /** A client that was accepted may have received new cookies. They belong to the login that it copied, or else to itself. */
  function creditRenewals(of: Client, gained: readonly Gained[]): void {
    for (const { before, cookie } of gained) if (before.length > 0) renewed.add(cookie.name)
    if (loginOf(of) !== undefined) return
    const left = handOn(
      logins.all.map((login) => login.client),
      gained,
    )
    if (left.length > 0) strangers.add(of)
  }

  /** The user whose session a client should have: the one it logged in as, else the first user. */
  const roleOf = (of: Client): Role => logins.begun.get(of) ?? 'first'
  const loginOf = (of: Client) => logins.all.find((made) => made.client === of)

  async function askWith(name: string, { cookies, bearer }: Credential): Promise<Probe> {
    const clean = client(name)
    for (const cookie of cookies) clean.hold(cookie)
    clean.bearer = bearer
    return askAs(clean)
  }

  const app: RunningApp = {
    ...application,
    target: engine.target,
    options: parts.options,
    carriers: [],
    get renewed() {
      return app.carriers.flat().filter((name) => renewed.has(name))
    },
    logoutProblem: null,
    firstLogout: null,
    insecureTls: engine.insecureTls,
    hasSecondUser: users.second !== null,
    exchanges: engine.exchanges,
  }

  return {
    app,
    users: {
      logins: logins.all,
      login: logins.login,
      sharedLogin: logins.sharedLogin,
      async logout(of) {
        if (recipe.logout === undefined) throw new Error('no logout is known')
        const variables = new Map([...(loginOf(of)?.variables ?? []), ...variablesOf(roleOf(of))])
        return (await runSteps(of, recipe.logout, variables, 'log out', learn)).exchanges
      },
      run: (made, steps, purpose, more = new Map()) =>
        runSteps(made.client, steps, new Map([...made.variables, ...variablesOf(made.role), ...more]), purpose, learn),
      variablesOf,
      setPassword,
    },
    ask: { client, as: askAs, with: askWith },
    say: {
      evidence: (says, exchanges) => toEvidence(says, exchanges, secrets, engine.insecureTls),
      hide: learn,
      mask: (text) => shown(secrets.mark(text)),
      warn: parts.warn,
    },
    time: {
      wait: (ms) => clock.wait(ms, signal),
      now: clock.now,
      atEnd: (work) => void endings.push(work),
    },
    endings,
    get begun() {
      return [...new Set([...logins.begun.keys(), ...strangers])]
    },
    get loginLimit() {
      return gates.first.limit
    },
  }
}
