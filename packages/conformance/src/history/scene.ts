import { type Exchange, type Session, SessionError, type Sessions } from 'sojourn'
import { toView } from '../store/visitors.ts'
import type { History } from './history.ts'
import type { SessionInput, SessionOutput, Texts } from './session-model.ts'

export type Data = Record<string, number>

/** The state that all clients of a crowd share. */
export interface Scene {
  readonly history: History
  readonly now: () => number
  readonly random: () => number
  readonly nodes: readonly [Sessions<Data>, ...Sessions<Data>[]]
  readonly users: readonly [string, ...string[]]
  /** The user of each session, by id. */
  readonly owners: Map<string, string | null>
  /** Every token that any client received, the newest last. */
  readonly tokens: Held[]
  /** Whether replaced tokens are presented again. */
  readonly oldTokens: boolean
  /** Returns a new number each time, for tokens and for unique values. */
  readonly count: () => number
}

/** A token of a session, and its number in the history. */
export interface Held {
  readonly id: string
  readonly token: string
  readonly number: number
}

/** One cookie jar. Several clients may use it in parallel, as tabs do. */
export interface Browser {
  held: Held | null
}

/** A request that was accepted. */
export interface Request {
  readonly browser: Browser
  readonly held: Held | null
  readonly exchange: Exchange<Data>
  readonly session: Session<Data>
}

/** The caller's knowledge of a call after it. */
export interface Heard<T> {
  readonly value: T | null
  readonly error: unknown
  readonly times: { readonly calledAt: number; readonly returnedAt: number }
}

export const DONE: SessionOutput = { kind: 'done' }
export const REFUSED: SessionOutput = { kind: 'refused' }

export async function hear<T>({ now }: Scene, work: () => T | Promise<T>): Promise<Heard<T>> {
  const calledAt = now()
  try {
    const value = await work()
    return { value, error: null, times: { calledAt, returnedAt: now() } }
  } catch (error) {
    return { value: null, error, times: { calledAt, returnedAt: now() } }
  }
}

/** Records the operation, and fails if the call failed. */
export function note(
  { history }: Scene,
  id: string,
  input: SessionInput,
  { error, times }: Heard<unknown>,
  output: SessionOutput = DONE,
): void {
  if (error === null) {
    history.add(id, { input, output, ...times })
    return
  }
  const isGone = error instanceof SessionError && error.code === 'ERR_SESSION_ENDED'
  history.add(id, { input, output: isGone ? REFUSED : null, ...times })
  throw error
}

export async function open(
  scene: Scene,
  node: Sessions<Data>,
  browser: Browser,
  held: Held | null = browser.held,
): Promise<Request> {
  const heard = await hear(scene, () => node.open(toView(held?.token ?? null)))
  const { value: exchange, error } = heard
  if (exchange === null) throw error
  const { session } = exchange
  if (held !== null) {
    const output: SessionOutput = session.isNew ? REFUSED : { kind: 'live', texts: textsOf(session) }
    note(scene, held.id, { kind: 'open', token: held.number }, heard, output)
  }
  if (!session.isNew && session.userId !== scene.owners.get(session.id)) throw new Error('Another user’s session.')
  return { browser, held, exchange, session }
}

/** The response arrives: edits are stored, and the browser keeps the token it receives, known as `number`. */
export async function answer({ tokens }: Scene, request: Request, number: number | null = null): Promise<void> {
  const { browser, held, exchange, session } = request
  for (const { name, value } of await exchange.commit()) {
    if (name !== 'x-token') continue
    const isRenewal = number === null && held?.id === session.id
    if (value === '') {
      if (browser.held === held) browser.held = null
    } else if (isRenewal) {
      browser.held = { ...held, token: value }
      // The previous token is accepted for a while, but no honest client presents it after that. Another tab may have received
      // the new one first.
      const place = tokens.findIndex(({ number: known }) => known === held.number)
      if (place >= 0) tokens[place] = browser.held
    } else if (number === null) {
      throw new Error('A token that nobody asked for.')
    } else {
      browser.held = { id: session.id, token: value, number }
      tokens.push(browser.held)
    }
  }
  await exchange.finish()
}

export function textsOf({ data }: Session<Data>): Texts {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, JSON.stringify(value)]))
}
