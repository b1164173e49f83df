import type { Exchange, Headers } from './exchange.ts'

/** A cookie as a client holds it, with everything that decides where it is sent. */
export interface HeldCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: string | null
  /** In ms since the epoch. `null`: until the browser is closed. */
  readonly expiresAt: number | null
}

/** What identifies a logged-in client: cookies, a bearer token, or both. */
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
  /** A description of why it is sent. */
  readonly purpose: string
  /** Sent in place of the jar's cookies. `''` sends none. */
  readonly cookie?: string
  /** Sent in place of the client's own `authorization`. `''` sends none. */
  readonly authorization?: string
}

/** One user agent: a cookie jar, an optional bearer token, and the record of its exchanges. */
export interface Client {
  readonly name: string
  /** Sent as `authorization: Bearer ...` with each request. */
  bearer: string | null
  /** Sends one request and follows no redirect. Keeps the cookies of the answer. Without an answer, `response` is `null`. */
  send(request: RequestOptions): Promise<Exchange>
  /** Follows redirects as a browser does. The last exchange is the last item. */
  follow(request: RequestOptions): Promise<readonly Exchange[]>
  /** Every cookie that it holds. */
  cookies(): readonly HeldCookie[]
  /** The `cookie` header that it would send to this address. */
  cookieHeader(url: string): string
  /** Plants a cookie, as an attacker would, or as another client held it. */
  hold(cookie: HeldCookie): void
  /** Deletes a cookie from every domain and path. */
  drop(name: string): void
  readonly exchanges: readonly Exchange[]
  /** The cookies that it held when it sent this request. */
  heldAt(exchange: Exchange): readonly HeldCookie[]
}
