import type { Client, Credential, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Evidence } from '../model/evidence.ts'
import { cannotJudge, type Finding } from '../model/finding.ts'
import type { CheckFacts } from '../model/report.ts'
import { StepFailed, type Variables } from '../recipe/fill.ts'
import { type State, stateOf } from '../recipe/logged-in-check.ts'
import type { Step } from '../recipe/recipe.ts'
import type { StepsDone } from '../recipe/run-steps.ts'
import type { Application } from './application.ts'

/** Sent in place of what the client would send. */
export interface Sent {
  /** Added to the address: `sid=...` */
  readonly query?: string
  /** After a semicolon at the end of the path, as servlets accept ids. */
  readonly pathParameter?: string
  readonly cookie?: string
  readonly authorization?: string
}

export type Role = 'first' | 'second'

/** A login that the audit made, and ends at its end. */
export interface Login {
  readonly role: Role
  /** The client that logged in, and stays logged in. */
  readonly client: Client
  /** The cookies that were sent with user name and password. */
  readonly sent: readonly HeldCookie[]
  /** What the client held after the login, including unrelated cookies. */
  readonly credential: Credential
  readonly refreshToken: string | null
  readonly exchanges: readonly Exchange[]
  /** The variables that its steps extracted. */
  readonly variables: Variables
}

export interface LoginOptions {
  readonly role?: Role
  readonly client?: Client
  /** Makes a new login instead of using an earlier one. */
  readonly fresh?: boolean
  /** The password may be wrong, so a refusal is no evidence of a limit. */
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
  /** How long the audit may wait for a timeout. `0`: timeouts are not measured. */
  readonly patienceMs: number
  /** How many tokens to collect for statistics. */
  readonly samples: number
  /** How many of them to collect by logging in, because applications limit logins. Logins of other checks count. */
  readonly loginSamples: number
  /** Chromium may be used. */
  readonly browser: boolean
}

/** The user cannot log in, or cannot log in any more. */
export class NoLogin extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoLogin'
  }
}

/** What a check works with: facts about the application, its users, requests, text for the report, and time. */
export interface Audit {
  readonly app: App
  readonly users: Users
  readonly ask: Ask
  readonly say: Say
  readonly time: Time
}

/** Facts about the application, and what the audit may do to it. */
export interface App extends Application {
  readonly target: URL
  readonly options: AuditOptions
  /** The smallest sets of cookie names that suffice to be logged in. Empty for a bearer application. */
  readonly carriers: readonly (readonly string[])[]
  /** The session cookies to which an answer gave another value. */
  readonly renewed: readonly string[]
  readonly hasSecondUser: boolean
  /** Any certificate is accepted. */
  readonly insecureTls: boolean
  /** Why logout cannot be used to judge anything. `null`: it works for the client that asks for it. */
  readonly logoutProblem: string | null
  /** The logout that was tried before the checks. `null`: no logout is known. */
  readonly firstLogout: { readonly login: Login; readonly exchanges: readonly Exchange[] } | null
  /** Everything exchanged so far, by any client. */
  readonly exchanges: readonly Exchange[]
}

/** The users of the audit, their logins, and what they do while logged in. */
export interface Users {
  /** Every login so far. Some may have ended. */
  readonly logins: readonly Login[]
  /**
   * Logs in with a clean client, or with `client` as it is. If the application limits logins, waits as long as it may, or
   * lends a session that an earlier check left logged in. Throws `NoLogin` if neither works.
   */
  login(name: string, options?: LoginOptions): Promise<Login>
  /** One login of the first user for all checks that only read. They must leave it logged in. */
  sharedLogin(): Promise<Login>
  /** Logs the client out in the application's own way. Throws if no logout is known. */
  logout(client: Client): Promise<readonly Exchange[]>
  /** Runs steps of the recipe as this login, with its variables and these. */
  run(login: Login, steps: readonly Step[], purpose: string, more?: Variables): Promise<StepsDone>
  /** The variables for the steps of a user. */
  variablesOf(role: Role): Variables
  /** Sets the password that is valid from now on. It is masked. */
  setPassword(role: Role, password: string): void
}

/** Requests, and the logged-in check. */
export interface Ask {
  /** A client that has not contacted the application yet. */
  client(name: string): Client
  /**
   * Runs the logged-in check as this client. If the answer renews a cookie that was copied from the client of a login,
   * that client gets the new one.
   */
  as(client: Client, purpose?: string, sent?: Sent): Promise<Probe>
  /** Runs the logged-in check in a clean client that holds only this credential. */
  with(name: string, credential: Credential): Promise<Probe>
}

/** Evidence and texts, for the report and for the person at the terminal. */
export interface Say {
  /** Makes evidence from the exchanges, with secrets masked. */
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
  /** In ms, on a clock that never runs backwards. */
  now(): number
  /**
   * Runs `work` when the audit ends, in any case, the last one first. `work` resolves to a description of what it could not undo.
   */
  atEnd(work: () => Promise<string | null>): void
}

/** The clock of checks that wait. */
export interface Clock {
  /** In ms, on a clock that never runs backwards. */
  now(): number
  /** Rejects when the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** Whether this is the answer that this user gets to the logged-in check, whichever client asked. */
export const stateAs = ({ app, users }: Audit, role: Role, exchange: Exchange): State =>
  stateOf(exchange, app.recipe.loggedIn, users.variablesOf(role))

/** One question about an application's sessions. */
export interface Check extends CheckFacts {
  /** Uses clean clients, so that it does not affect the next check. May throw network errors. */
  run(audit: Audit): Promise<readonly Finding[]>
}

/** Runs one part of a check. If a login or a step in it fails, only this part has no verdict. */
export async function attempt(about: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof NoLogin || error instanceof StepFailed)) throw error
    return cannotJudge({ about, title: 'Could not be tried', detail: error.message })
  }
}
