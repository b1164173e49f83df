import type { Client, Credential, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Evidence } from '../model/evidence.ts'
import type { Variables } from '../recipe/fill.ts'
import { type State, stateOf } from '../recipe/logged-in-check.ts'
import type { Step } from '../recipe/recipe.ts'
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

/** What a check works with: what is known of the application, its users, requests, words for the report, and time. */
export interface Audit {
  readonly app: App
  readonly users: Users
  readonly ask: Ask
  readonly say: Say
  readonly time: Time
}

/** What is known of the application, and what the audit may do to it. */
export interface App extends Application {
  readonly target: URL
  readonly options: AuditOptions
  /** Cookie names that make a login: the smallest sets of which each suffices alone. Empty for a bearer application. */
  readonly carriers: readonly (readonly string[])[]
  /** Of the cookies that carry the session, those that an answer gave another value. */
  readonly renewed: readonly string[]
  readonly hasSecondUser: boolean
  /** Any certificate is accepted. */
  readonly insecureTls: boolean
  /** Why nothing can be judged by what happens at logout. `null`: the logout works for the client that asks for it. */
  readonly logoutProblem: string | null
  /** The logout that was tried before anything was judged. `null`: none is known. */
  readonly firstLogout: { readonly login: Login; readonly exchanges: readonly Exchange[] } | null
  /** Everything exchanged so far, by any client. */
  readonly exchanges: readonly Exchange[]
}

/** The users of the audit: their logins, and what they do while they are logged in. */
export interface Users {
  /** Every login so far. Some may be over. */
  readonly logins: readonly Login[]
  /**
   * Logs in with a clean client, or with `client` as it is. If the application limits logins, waits as long as it may, or
   * lends a session that an earlier check left logged in. Throws `NoLogin` if neither works.
   */
  login(name: string, options?: LoginOptions): Promise<Login>
  /** One login of the first user for all checks that only look. They must leave it logged in. */
  sharedLogin(): Promise<Login>
  /** Logs the client out in the application's own way. Throws if no logout is known. */
  logout(client: Client): Promise<readonly Exchange[]>
  /** Runs steps of the recipe as this login, with its variables and these. */
  run(login: Login, steps: readonly Step[], purpose: string, more?: Variables): Promise<StepsDone>
  /** What the steps of a user are filled in with. */
  variablesOf(role: Role): Variables
  /** The password that logs in from now on. It is masked. */
  setPassword(role: Role, password: string): void
}

/** Requests, and the logged-in check. */
export interface Ask {
  /** A client that has never spoken to the application. */
  client(name: string): Client
  /**
   * Runs the logged-in check as this client. If the answer renews a cookie that was copied from the client of a login,
   * that client gets the new one.
   */
  as(client: Client, purpose?: string, sent?: Sent): Promise<Probe>
  /** Runs the logged-in check in a clean client that holds only this credential. */
  with(name: string, credential: Credential): Promise<Probe>
}

/** Proof and words, for the report and for the person at the terminal. */
export interface Say {
  /** The exchanges as proof, with secrets masked. */
  evidence(says: string, exchanges: readonly Exchange[]): Evidence
  /** Masks this value from now on. */
  hide(value: string, name: string, from: string): void
  /** Replaces the secrets in a text by the names of their variables. */
  mask(text: string): string
  /** Shows the person who runs the audit something that must not wait for the report. */
  warn(text: string): void
}

export interface Time {
  /** Waits. An interruption of the audit ends the wait. */
  wait(ms: number): Promise<void>
  /** ms, of a clock that only goes forward. */
  now(): number
  /** Runs when the audit ends, however it ends, the last one first. Resolves to what could not be put right. */
  atEnd(work: () => Promise<string | null>): void
}

/** The clock of checks that wait. */
export interface Clock {
  /** ms, of a clock that only goes forward. */
  now(): number
  /** Rejects when the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** Whether this is the answer that this user gets to the logged-in check, whoever asked. */
export const stateAs = ({ app, users }: Audit, role: Role, exchange: Exchange): State =>
  stateOf(exchange, app.recipe.loggedIn, users.variablesOf(role))
