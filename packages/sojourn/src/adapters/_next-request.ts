import { cookies, headers } from 'next/headers.js'
import { connection } from 'next/server.js'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'

/** A session that can be changed. What is called before it is stored shares it. */
export interface Turn {
  readonly session: Promise<Session<object>>
  /** How many calls use it. The last one ends it. */
  users: number
  /** `isKept`: whether the edits are stored. */
  end(isKept: boolean): Promise<void>
}

/** One request, and what it has of each `Sessions` object. */
export interface CurrentRequest {
  readonly turns: Map<object, Turn>
  /** What the server action or the route handler left, or works with. */
  readonly sessions: Map<object, Session<object>>
  /** What components have read. */
  readonly reads: Map<object, Promise<unknown>>
  /** Until then, the last action's session is being stored. */
  ending: Promise<unknown>
  /** Whether a server action has set a cookie. */
  setCookies: boolean
}

/** Next makes one object for the headers of a request, which its components and its action share. */
const requests = new WeakMap<object, CurrentRequest>()

export async function currentRequest(): Promise<CurrentRequest> {
  // Prerenders and prefetches stop here: what they keep would outlive the session.
  await connection()
  const shown = await headers()
  // A forced static page or route is rendered without a request, for everybody.
  if (shown.keys().next().done === true) throw new SessionError('ERR_MISUSE', STATIC)
  const request = requests.get(shown) ?? {
    turns: new Map(),
    sessions: new Map(),
    reads: new Map(),
    ending: Promise.resolve(),
    setCookies: false,
  }
  requests.set(shown, request)
  return request
}

const STATIC =
  "This page or route is made once for all visitors (dynamic = 'force-static'), so it has no session. Remove that setting, or read the session elsewhere."

/** The headers of the request. The cookies are those that the client has with this response. */
export async function currentHeaders({ setCookies }: CurrentRequest): Promise<Pick<Headers, 'get'>> {
  const shown = await headers()
  if (!setCookies) return shown
  const jar = (await cookies()).getAll().filter(({ value }) => value !== '')
  const cookie = jar.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join('; ')
  return { get: (name) => (name === 'cookie' ? cookie : shown.get(name)) }
}
