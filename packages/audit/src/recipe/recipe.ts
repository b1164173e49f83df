/**
 * How to log in to an application, and how to recognize that. Texts may contain `${name}`: `user`, `password`, `basic` (both in
 * base64, as HTTP Basic authentication sends them), `newPassword`, `refreshToken`, `value` (new and random in each run), what a
 * login step extracted, and `env.NAME` of the environment.
 */
export interface Recipe {
  readonly target?: string
  readonly user?: User
  /** A user with the same rights, for checks that need two users. */
  readonly secondUser?: User
  /** Other hosts that the login involves. */
  readonly hosts?: readonly string[]
  readonly login: readonly Step[]
  readonly credential?: CredentialPlace
  readonly loggedIn: LoggedInCheck
  readonly logout?: readonly Step[]
  /** Ends every session of the user. */
  readonly logoutEverywhere?: readonly Step[]
  readonly passwordChange?: PasswordChange
  /** Exchanges a refresh token for a new credential. */
  readonly refresh?: Refresh
  /** A change that a forged request must not make. */
  readonly action?: Action
  /** A page where users see and end sessions. `false`: there is none. */
  readonly sessionsPage?: string | false
  /** Steps without a password (the first of a reset, of a sign-up) after which nobody may be logged in. */
  readonly puzzles?: readonly (readonly Step[])[]
}

export interface User {
  readonly name: string
  readonly password: string
}

export interface CredentialPlace {
  /** Names of cookies; `wordpress_logged_in_*` matches all that begin so. Default: the audit finds them. */
  readonly cookies?: readonly string[]
  readonly bearer?: BearerPlace
}

export interface BearerPlace {
  /** In the answer to a login or a refresh: `data.access_token`. */
  readonly json: string
}

/** Logged in if all conditions hold. */
export interface LoggedInCheck {
  readonly get: string
  /** Default: 200. Redirects are not followed. */
  readonly status?: number
  /** Must be in the body. `${user}` is usual. */
  readonly text?: string
  readonly notText?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface PasswordChange {
  /** With `${password}` for the old one and `${newPassword}` for the new one. */
  readonly steps: readonly Step[]
  /** Restores the first password. Default: `steps` with the two passwords exchanged. */
  readonly restore?: readonly Step[]
}

export interface Refresh {
  /** In the answer to a login or a refresh. Without it, the refresh token is in a cookie. Steps name it `${refreshToken}`. */
  readonly token?: { readonly json: string }
  readonly steps: readonly Step[]
}

export interface Action {
  /** The last step is forged. It should write `${value}` somewhere, or `undo` should undo it. */
  readonly steps: readonly Step[]
  /** Where `text` appears once the action took effect. Default text: `${value}`. */
  readonly effect: { readonly get: string; readonly text?: string }
  /** Undoes the effect of an action that writes no value. */
  readonly undo?: readonly Step[]
}

/** One request. Exactly one of the methods names the address. */
export interface Step {
  readonly get?: string
  readonly post?: string
  readonly put?: string
  readonly patch?: string
  readonly delete?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as JSON; texts in it are filled in. */
  readonly json?: unknown
  readonly body?: string
  /** Default: true. */
  readonly follow?: boolean
  /** The step fails if the last answer has another status. */
  readonly status?: number
  /** Values for later steps, from the last answer. */
  readonly extract?: Readonly<Record<string, Extract>>
}

/** Where a value is found. Exactly one of them. */
export interface Extract {
  /** The value of the form field of this name. */
  readonly field?: string
  /** `data.items[0].id` */
  readonly json?: string
  /** The first group, or the whole match, in the body. */
  readonly regex?: string
  readonly header?: string
  /** Of a cookie that the client holds. */
  readonly cookie?: string
  /** `content` of the `<meta>` of this name. */
  readonly meta?: string
  /** The address of the first link whose text or address matches this regular expression. */
  readonly link?: string
}
