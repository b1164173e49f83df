import { checkArgument } from '../contracts/check-options.ts'
import { type Duration, toMs } from '../contracts/duration.ts'
import { SessionError } from '../contracts/errors.ts'
import type { JsonValue } from '../contracts/json.ts'
import type { Device, Head, SessionId } from '../contracts/record.ts'
import type {
  Flash,
  LoginOptions,
  LogoutOptions,
  ProofOptions,
  Refusal,
  Session,
  SessionInfo,
} from '../contracts/session.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { parseTexts, step, toFlashName, toText } from '../data/texts.ts'
import { expiryOf, isSessionId, type Lasting } from '../token/token.ts'
import { devicesOf, revoke, revokeAll } from './admin.ts'
import { ask } from './caller.ts'
import { saveNow } from './commit.ts'
import { deviceOf, proofOf, type ShownProof } from './infos.ts'
import { login, NO_OPTIONS } from './login.ts'
import { logout } from './logout.ts'
import { assertStillOpen, recheck } from './recheck.ts'
import { reauthenticated, rotate } from './rotate.ts'
import { draftOf, type Flashed, flashOf, type State, tellLate } from './state.ts'
import { update } from './update.ts'

function refuse(name: string): never {
  throw new SessionError(
    'ERR_MISUSE',
    `session${step(name)} cannot be set: data lives in session.data. For middleware made for express-session, see docs/how-to/move-from-express-session.md.`,
  )
}

/**
 * The end of a prototype chain. An assignment that no property accepts arrives here, and throws on the line that makes it.
 * Reading, inspecting and symbols, with which tools mark objects, work as usual.
 */
const REFUSING: object = new Proxy(
  {},
  {
    set: (target, name, value, receiver) =>
      typeof name === 'symbol' ? Reflect.set(target, name, value, receiver) : refuse(name),
  },
)

/**
 * Makes the members of a class read-only, and assignments to unknown members an error. Sloppy code would otherwise ignore them
 * silently. Costs a request nothing, because it is all in the prototype.
 */
function refuseAssignments(prototype: object): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const { get, set, value } = descriptor
    if (name === 'constructor' || set !== undefined) continue
    Object.defineProperty(prototype, name, { get: get ?? (() => value), set: () => refuse(name), configurable: true })
  }
  Object.setPrototypeOf(prototype, REFUSING)
}

/** The session object of handlers: the facts in `State`, and the verbs. A class, because every request creates one. */
export class RequestSession<Data extends object> implements Session<Data> {
  readonly #state: State

  static {
    refuseAssignments(RequestSession.prototype)
  }

  /** The state behind a session of a handler, `null` for anything else. */
  static stateOf(session: unknown): State | null {
    return session instanceof RequestSession ? session.#state : null
  }

  constructor(state: State) {
    this.#state = state
  }

  /** Reading the session makes the response depend on it. */
  get #seen(): State {
    const state = this.#state
    if (state.locks !== null) assertUnlocked(state.locks)
    state.accessed = true
    return state
  }

  /** What is stored, or would be if the session were stored now. */
  get #record(): Lasting & { readonly head: Partial<Head> } {
    const { held, openedAt } = this.#seen
    return held?.record ?? { createdAt: openedAt, lastSeenAt: openedAt, head: {} }
  }

  get #proof(): ShownProof {
    return proofOf(this.#record.head, this.#state.distrusts)
  }

  get id(): SessionId {
    return this.#seen.id
  }
  get userId(): string | null {
    return this.#seen.held?.record.userId ?? null
  }
  get isNew(): boolean {
    return this.#seen.isNew
  }
  get createdAt(): Date {
    return new Date(this.#record.createdAt)
  }
  get authenticatedAt(): Date | null {
    return this.#proof.authenticatedAt
  }
  get methods(): readonly string[] {
    return this.#proof.methods
  }
  get assurance(): string | null {
    return this.#proof.assurance
  }
  get lastSeenAt(): Date {
    return new Date(this.#record.lastSeenAt)
  }
  get expiresAt(): Date {
    return new Date(expiryOf(this.#record, this.#state.setup.limits))
  }
  get device(): Device | null {
    return deviceOf(this.#record)
  }
  get refused(): Refusal | null {
    return this.#seen.refused
  }

  get data(): Data {
    return draftOf(this.#seen).values as Data
  }
  set data(values: Data) {
    draftOf(this.#seen).replace(values)
  }

  get flash(): Flash {
    return toFlash(this.#seen)
  }

  async update<K extends keyof Data & string>(
    key: K,
    fn: (value: Data[K]) => Data[K] | Promise<Data[K]>,
  ): Promise<Data[K]> {
    return (await update(this.#seen, key, fn as (value: unknown) => unknown)) as Data[K]
  }

  login(userId: string, options: LoginOptions = NO_OPTIONS): Promise<void> {
    return login(this.#seen, userId, options)
  }
  logout(options: LogoutOptions = {}): Promise<void> {
    return logout(this.#seen, options)
  }
  rotate(...given: readonly unknown[]): Promise<void> {
    refuseCallback(given, 'rotate')
    return rotate(this.#seen)
  }
  reauthenticated(options: ProofOptions = {}): Promise<void> {
    return reauthenticated(this.#seen, options)
  }
  authenticatedWithin(duration: Duration): boolean {
    const { authenticatedAt: at } = this.#proof
    const { clock, warnOnce } = this.#state.setup
    const withinMs = toMs(duration, 'authenticatedWithin', warnOnce)
    // If the clock was set back, a proof from a far future must not stay fresh until then. Servers may differ by a little.
    return at !== null && Math.abs(clock() - at.getTime()) <= withinMs
  }

  save(...given: readonly unknown[]): Promise<void> {
    refuseCallback(given, 'save')
    return settle(() => saveNow(this.#seen))
  }
  reload(...given: readonly unknown[]): Promise<void> {
    refuseCallback(given, 'reload')
    return settle(() => recheck(this.#seen))
  }

  async devices(): Promise<SessionInfo[]> {
    const state = this.#seen
    return state.held === null ? [] : devicesOf(state, state.held.record)
  }

  async revokeDevice(id: string): Promise<boolean> {
    const state = this.#seen
    const { held } = state
    checkArgument(id, 'string', 'id')
    if (held === null || held.record.userId === null || !isSessionId(id)) return false
    if (id === held.record.id) {
      await this.logout()
      return true
    }
    await assertStillOpen(state, held)
    const other = await ask(state, 'read', id)
    // The result is the same for somebody else's session and for an unknown one.
    return other?.kind === 'live' && other.userId === held.record.userId && (await revoke(state, id, 'revoked'))
  }

  async revokeOthers(): Promise<number> {
    const state = this.#seen
    const { held } = state
    if (held === null || held.record.userId === null) return 0
    await assertStillOpen(state, held)
    return revokeAll(state, held.record.userId, 'revoked', held.record.id)
  }
}

function assertUnlocked(locks: ReadonlyMap<string, string>): void {
  for (const text of locks.values()) throw new SessionError('ERR_DENIED', text)
}

function toFlash(state: State): Flash {
  // Looked up in each call, because a handler may keep this object across a login.
  const flashed = (key: string): Flashed => {
    checkArgument(key, 'string', 'key')
    state.held?.voucher?.assertRead()
    if (state.finished) tellLate(state, `flash${step(key)}`)
    return flashOf(state)
  }
  return {
    // @ts-expect-error TypeScript takes it for a property; it is the prototype.
    __proto__: REFUSING,
    set(key, value) {
      const text = toText(value, key, 'flash')
      if (text === undefined) return
      const { set, taken } = flashed(key)
      taken.delete(toFlashName(key))
      set.set(toFlashName(key), text)
    },
    take<Value extends JsonValue>(key: string) {
      const { set, taken } = flashed(key)
      const name = toFlashName(key)
      const text = set.get(name) ?? (taken.has(name) ? undefined : state.texts[name])
      set.delete(name)
      taken.add(name)
      return text === undefined ? undefined : (parseTexts({ text }).values.text as Value | undefined)
    },
  }
}

/** A callback, as express-session and Passport pass it, would never be called: the request would hang without a message. */
function refuseCallback(given: readonly unknown[], verb: string): void {
  if (typeof given[0] === 'function') throw new SessionError('ERR_MISUSE', `${verb}() takes no callback: await it.`)
}

async function settle(work: () => MaybePromise<void>): Promise<void> {
  await work()
}
