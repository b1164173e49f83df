import type { Client, Credential, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Evidence } from '../model/evidence.ts'
import type { Variables } from '../recipe/fill.ts'
import { type State, stateOf } from '../recipe/logged-in-check.ts'
import type { Recipe, Step } from '../recipe/recipe.ts'
import type { StepsDone } from '../recipe/run-steps.ts'
import type { Application } from './application.ts'

/** What goes out in place of what the client would send. */
export interface Sent {
  /** Added to the address: `sid=...` */
  readonly query?: string
  /** Behind a semicolon at the end of the path, as servlets take ids. */
  readonly pathParameter?: string
  readonly cookie?: string
  readonly authorization?: string
}

export type Role = 'first' | 'second'

/** A login that was made, and is ended when the audit is. */
export interface Login {
  readonly role: Role
  /** The client that logged in, and stays logged in. */
  readonly client: Client
  /** The cookies that went out with user name and password. */
  readonly sent: readonly HeldCookie[]
  /** What it held after the login, cookies that have nothing to do with it included. */
  readonly credential: Credential
  readonly refreshToken: string | null
  readonly exchanges: readonly Exchange[]
  /** What its steps extracted. */
  readonly variables: Variables
}

export interface LoginOptions {
  readonly role?: Role
  readonly client?: Client
  /** A login that is made now, and no other. */
  readonly fresh?: boolean
  /** The password may be another: that it is refused says nothing of limits. */
  readonly unsure?: boolean
}

export interface Probe {
  readonly state: State
  readonly client: Client
  readonly exchange: Exchange
}

export interface AuditOptions {
  /** The audit may change state: run the action, change the password and back, end all sessions. */
  readonly allowChanges: boolean
  /** How long it may wait for a timeout; `0`: timeouts are not measured. */
  readonly patienceMs: number
  /** How many tokens to collect for statistics. */
  readonly samples: number
  /** How many of them by logging in, which applications count; those that other checks make are among them. */
  readonly loginSamples: number
  /** Chromium may be used. */
  readonly browser: boolean
}

/** The user cannot be logged in, or not any more. */
export class NoLogin extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoLogin'
  }
}

/** What a check works with. */
export interface Audit {
  readonly target: URL
  readonly application: Application
  readonly recipe: Recipe
  readonly options: AuditOptions
  /** Cookie names that make a login: the smallest sets of which each suffices alone. Empty for a bearer application. */
  readonly carriers: readonly (readonly string[])[]
  /** Of the cookies that carry the session, those that an answer gave another value. */
  readonly renewed: readonly string[]
  readonly hasSecondUser: boolean
  /** Any certificate is taken. */
  readonly insecureTls: boolean
  /** Why nothing can be said from what happens at logout; `null`: the current client is really out after it. */
  readonly logoutProblem: string | null
  /** The logout that was tried before anything was judged; `null`: none is known. */
  readonly firstLogout: { readonly login: Login; readonly exchanges: readonly Exchange[] } | null
  /** Everything exchanged so far, by any client. */
  readonly exchanges: readonly Exchange[]
  /** A client that has never spoken to the application. */
  client(name: string): Client
  /**
   * Logs in with a clean client, or with `client` as it is. Where logins are limited, waits as long as it may, or lends
   * a session that an earlier check left alive. Throws `NoLogin` when neither works (any more).
   */
  login(name: string, options?: LoginOptions): Promise<Login>
  /** Sessions of the first user that earlier checks left alive, at most so many. */
  alive(most: number): Promise<readonly Login[]>
  /** One of the first user for all who only look: it must be left logged in. */
  shared(): Promise<Login>
  /**
   * Whether this client is logged in, by the logged-in check. Where the answer renews a cookie that was copied from the
   * client of a login, that client has the new one from then on.
   */
  look(client: Client, purpose?: string, sent?: Sent): Promise<Probe>
  /** Whether a clean client that holds only this credential is logged in. */
  probe(name: string, credential: Credential): Promise<Probe>
  /** Logs the client out the application's own way. Throws when the application has no logout that is known. */
  logout(client: Client): Promise<readonly Exchange[]>
  /** Does steps of the recipe as this login, with its variables and these. */
  run(login: Login, steps: readonly Step[], purpose: string, more?: Variables): Promise<StepsDone>
  /** What steps are filled in with, for a user. */
  variablesOf(role: Role): Variables
  /** The password that logs in from now on; it is masked. */
  setPassword(role: Role, password: string): void
  /** Done when the audit ends, however it ends, the last one first. Resolves to what could not be put right. */
  onEnd(work: () => Promise<string | null>): void
  /**
   * Session tokens of separate logins or visits, in the order they were given out, for statistics. Takes as many as the
   * application lets it, at most `options.samples`.
   */
  sampleTokens(): Promise<TokenSamples>
  /** The exchanges as proof, with secrets masked. */
  evidence(says: string, exchanges: readonly Exchange[]): Evidence
  /** From now on this value is masked. */
  hide(value: string, name: string, from: string): void
  /** All secrets in a text replaced by the names of their variables. */
  mask(text: string): string
  /** Tells who runs the audit something that must not wait for the report. */
  warn(text: string): void
  /** Waits; interrupted when the audit is. */
  wait(ms: number): Promise<void>
  /** ms, of a clock that only goes forward. */
  now(): number
}

/** What checks that wait go by. */
export interface Clock {
  /** ms, only ever more. */
  now(): number
  /** Rejects when the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

export interface TokenSamples {
  /** What they are the values of: `cookie sid`, `bearer`. */
  readonly about: string
  readonly tokens: readonly TokenSample[]
  /** Why there are no more. */
  readonly stopped: string | null
}

export interface TokenSample {
  readonly value: string
  /** ms since the epoch, when the answer arrived. */
  readonly at: number
  /** Came with a login, or with a mere visit. */
  readonly source: 'login' | 'visit'
}

/** Whether this is the answer that this user gets to the logged-in check, whoever asked. */
export const stateAs = ({ recipe, variablesOf }: Audit, role: Role, exchange: Exchange): State =>
  stateOf(exchange, recipe.loggedIn, variablesOf(role))
