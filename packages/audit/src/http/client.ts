import type { Exchange, Headers } from './exchange.ts'

/** A cookie as a client holds it, with all that says where it is sent. */
export interface HeldCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: string | null
  /** ms since the epoch; `null`: until the browser is closed. */
  readonly expiresAt: number | null
}

/** What makes a request one of a logged-in user: cookies, a bearer token, or both. */
export interface Credential {
  readonly cookies: readonly HeldCookie[]
  readonly bearer: string | null
}

export interface RequestOptions {
  readonly method?: string
  /** Absolute, or relative to the target. */
  readonly url: string
  readonly headers?: Headers
  readonly body?: string | null
  /** What it is sent for, in words. */
  readonly purpose: string
  /** Sent in place of what the jar would send; `''` sends none. */
  readonly cookie?: string
  /** Sent in place of the client's own `authorization`; `''` sends none. */
  readonly authorization?: string
}

/** One user agent: a cookie jar of its own, an optional bearer token, and a memory of what it exchanged. */
export interface Client {
  readonly name: string
  /** Sent as `authorization: Bearer ...` with each request. */
  bearer: string | null
  /** One request, no redirect followed. Cookies it sets are kept. Without an answer, `response` is `null`. */
  send(request: RequestOptions): Promise<Exchange>
  /** Follows redirects as a browser does; the last exchange comes last. */
  follow(request: RequestOptions): Promise<readonly Exchange[]>
  /** Everything it holds. */
  cookies(): readonly HeldCookie[]
  /** The `cookie` header it would send to this address. */
  cookieHeader(url: string): string
  /** Plants a cookie, as an attacker would, or as another client held it. */
  hold(cookie: HeldCookie): void
  /** Takes a cookie out, from every domain and path. */
  drop(name: string): void
  readonly exchanges: readonly Exchange[]
  /** What it held when it sent this request. */
  heldAt(exchange: Exchange): readonly HeldCookie[]
}
