import { assertUserId, checkOptions, LIMITS, type OptionKinds } from '../contracts/check-options.ts'
import { type Duration, LEAST_MS, toMs } from '../contracts/duration.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Device, Head, SessionRecord } from '../contracts/record.ts'
import type { LoginOptions, ProofOptions } from '../contracts/session.ts'
import { withChange } from '../data/change.ts'
import { assertFits } from '../data/schema.ts'
import {
  applyEdits,
  type Edits,
  flashTexts,
  isEmpty,
  NO_EDITS,
  pick,
  type Texts,
  toDrops,
  toFlashName,
  toStoredEdits,
  toStoredName,
  userTexts,
} from '../data/texts.ts'
import { toStored } from '../data/vault.ts'
import { defined } from '../lib/maybe.ts'
import { isLive } from '../token/token.ts'
import { ask, type Caller, emit, readNow } from './caller.ts'
import { createRecord } from './create-record.ts'
import { addReplaced } from './elsewhere.ts'
import { discard, endSession } from './end-session.ts'
import { loginAll } from './guards.ts'
import type { Held } from './held.ts'
import { NOTES, noteEdits } from './notes.ts'
import { assertNotReplaced } from './recheck.ts'
import type { Setup } from './setup.ts'
import { assertUncommitted, draftOf, flashOf, inTurn, pendingOf, reload, type State } from './state.ts'

export const PROOF: OptionKinds<ProofOptions> = { methods: 'array', assurance: 'string' }
const DEVICE: OptionKinds<Device> = { name: 'string', ip: 'string' }
const KINDS: OptionKinds<LoginOptions> = { ...PROOF, device: 'object', absolute: 'any', idle: 'any', carry: 'any' }

export const NO_OPTIONS: LoginOptions = {}

/**
 * A login creates a new record with a new token, so a token that an attacker planted or saw before it opens nothing afterwards.
 * The new session is stored before the old one ends, so that after a failure in between the user still has the old one.
 */
export async function login(state: State, userId: string, options: LoginOptions): Promise<void> {
  await inTurn(state, () => logIn(state, userId, options))
}

async function logIn(state: State, userId: string, options: LoginOptions): Promise<void> {
  assertUncommitted(state, 'login')
  assertUserId(userId)
  checkLogin(options)
  const proof = toProof(options)
  if (state.held?.record.userId === userId) await assertNotReplaced(state, state.held)
  if (state.carrier.readOnly === true) await addReplaced(state)
  const { setup, held: before, texts } = state
  const carries = toCarries(state, userId, options.carry ?? true)
  const dropped = toStoredEdits(state.draft?.drops() ?? NO_EDITS)
  const pending = pendingOf(state)
  const carried = pick(applyEdits(texts, { ...dropped, ...pending.all }), carries)
  if (setup.schema !== null) assertFits(setup.schema, carried, pending.data, state.draft?.hidden)
  const created = await createRecord(state, {
    userId,
    texts: carried,
    head: toHead(state, options, proof),
    parts: setup.tokens.mint(),
  })
  try {
    // If an error page replaced the response, the token cannot be sent any more.
    assertUncommitted(state, 'login')
    const notes = await loginAll(
      state,
      created,
      [before?.record, ...state.others].flatMap((old) => old?.id ?? []),
    )
    // This login also ends the other sessions whose tokens this client presented. They end first: if that fails, the user keeps
    // the session that they had.
    await Promise.all(state.others.map((other) => endSession(state, other, 'login')))
    const late = before === null ? NO_EDITS : await replace(state, created, { before, known: texts, carries })
    const added = notes.size === 0 ? late : { ...late, ...noteEdits({}, notes) }
    const record = await bringAlong(state, created, added)
    assertUncommitted(state, 'login')
    become(state, { ...created, record }, applyEdits(carried, added), (edits) =>
      pick(edits, (name) => (edits[name] === pending.all[name] ? null : carries(name))),
    )
  } catch (error) {
    await discard(state, created.record)
    throw error
  }
  emit(state, 'login', { id: created.record.id, userId, replaced: before?.record.id ?? null, ...proof })
}

/** The request continues with the new session, or keeps the one it had. Edits made while the login ran are pending again. */
function become(state: State, created: Held, texts: Texts, toKept: (edits: Edits) => Edits): void {
  const before = { ...state }
  const kept = toKept(pendingOf(state).all)
  try {
    const fresh = { held: created, answer: 'write', others: [], notes: null, distrusts: false, did: 'login' } as const
    Object.assign(state, fresh satisfies Partial<State>)
    reload(state, texts)
    redo(state, kept)
  } catch (error) {
    // Later verbs of the handler must not send a token of a discarded session.
    Object.assign(state, before)
    throw error
  }
}

/** Makes edits, by stored names, again after a `reload`, so that they are pending. */
function redo(state: State, edits: Edits): void {
  for (const [key, text] of Object.entries(userTexts(edits))) {
    if (text === null) Reflect.deleteProperty(draftOf(state).values, key)
    else draftOf(state).values[key] = JSON.parse(text)
  }
  for (const [key, text] of Object.entries(flashTexts(edits))) {
    const { set, taken } = flashOf(state)
    if (text === null) taken.add(toFlashName(key))
    else set.set(toFlashName(key), text)
  }
}

function checkLogin(options: LoginOptions): void {
  if (options === NO_OPTIONS) return
  checkOptions(options, KINDS, 'login', LIMITS)
  const { device = {}, carry = true } = options
  checkOptions({ ...device, name: device.name ?? undefined, ip: device.ip ?? undefined }, DEVICE, 'login: device')
  if (typeof carry === 'boolean' || (Array.isArray(carry) && carry.every((key) => typeof key === 'string'))) return
  throw new SessionError('ERR_OPTION', 'login: carry must be true, false or a list of keys.')
}

interface Proof {
  readonly methods: readonly string[]
  readonly assurance: string | null
}

/** Copies the methods, so that later changes to the application's own list have no effect. */
export function toProof({ methods = [], assurance }: ProofOptions): Proof {
  if (methods.every((each) => typeof each === 'string')) return { methods: [...methods], assurance: assurance ?? null }
  throw new SessionError('ERR_OPTION', 'methods must be strings.')
}

/** Whether to copy the data under a stored name: the name, or `null`. */
type Carries = (name: string) => string | null

/** Data of another user is never copied. */
function toCarries(state: State, userId: string, carry: boolean | readonly string[]): Carries {
  const owner = state.held?.record.userId ?? userId
  if (carry === false || owner !== userId) return () => null
  if (carry === true) return (name) => (name === NOTES ? null : name)
  const names = new Set(carry.map(toStoredName))
  return (name) => (names.has(name) ? name : null)
}

function toHead({ setup, view }: State, options: LoginOptions, proof: Proof): Omit<Head, 'secret' | 'secretAt'> {
  const { assurance, absolute, idle } = options
  const absoluteMs =
    absolute === undefined ? undefined : toLimit(setup, absolute, 'absolute', setup.limits.mostAbsoluteMs)
  const isRemembered = absoluteMs !== undefined && absoluteMs > setup.limits.absoluteMs
  if (isRemembered && idle === undefined && absoluteMs > setup.limits.mostIdleMs) {
    setup.warnOnce(
      'A remembered login ends when it is unused for longer than timeouts.ceiling.idle or the preset allows.',
    )
  }
  const idleMs =
    idle === undefined ? (isRemembered ? absoluteMs : undefined) : toLimit(setup, idle, 'idle', setup.limits.mostIdleMs)
  const seen = setup.describeDevice(view)
  const { name = seen?.name ?? null, ip = seen?.ip ?? null } = options.device ?? {}
  return {
    authenticatedAt: setup.clock(),
    ...defined({
      methods: options.methods && proof.methods,
      assurance,
      absoluteMs,
      idleMs,
      device: name === null && ip === null ? undefined : { name, ip },
    }),
  }
}

/** A login works although it asks for too much, because a user who ticks *remember me* wants to be logged in. */
function toLimit({ warnOnce }: Setup, asked: Duration, name: 'absolute' | 'idle', mostMs: number): number {
  const ms = toMs(asked, name, warnOnce, LEAST_MS[name])
  if (ms > mostMs) warnOnce(`A login asked for a longer ${name} than timeouts.ceiling, and got the ceiling.`)
  return Math.min(ms, mostMs)
}

interface Replaced {
  readonly before: Held
  /** The old session's data as this request read it. */
  readonly known: Texts
  readonly carries: Carries
}

/** Ends the session before the login. Returns the data that was written to it until then and must be copied. */
async function replace(state: State, { record }: Held, { before, known, carries }: Replaced): Promise<Edits> {
  const { record: old, vault } = before
  const ended = await endSession(state, old, 'login')
  const last = ended?.kind === 'live' ? ended : null
  if (record.userId === old.userId && (await isOver(state, old, last, record))) {
    throw new SessionError('ERR_SESSION_ENDED', 'It gives no right to another: ask for proof again.')
  }
  if (last === null) return NO_EDITS
  // Edits that this request has yet to store are not late: they follow those of parallel requests, as they would without a login.
  // But a flash value that was set since another one was taken is a new one.
  const { all } = pendingOf(state)
  const stored = await vault.fromStored(last.data)
  const isNew = (name: string): boolean => state.flash?.taken.has(name) === true && Object.hasOwn(stored, name)
  return pick(difference(known, stored), (name) => (Object.hasOwn(all, name) && !isNew(name) ? null : carries(name)))
}

async function bringAlong(by: Caller, { record, vault }: Held, late: Edits): Promise<SessionRecord> {
  if (!isEmpty(late)) {
    const change = await toStored(vault, late)
    const written = await ask(by, 'write', record.id, change)
    if (written.status === 'written') return withChange(record, change)
  } else if (by.setup.guards.login.length === 0 || (await readNow(by, record.id))?.kind === 'live') {
    // Without guards the login is over in a moment. The guard of a parallel login may have ended this session.
    return record
  }
  throw new SessionError('ERR_SESSION_ENDED', 'It was revoked while it began.')
}

/**
 * Whether the session that the user logs in from had ended before this login. A handler that continues from it, such as one for
 * "remember me", would then undo a logout or a limit. A parallel login from the same form does not count as an end. But it does
 * if it was more than a grace ago, because a client can hold a request open for hours. An end by the guard of a parallel login
 * does not count either if it came after `fresh`, the new session, was stored: that guard saw both, and let the new one stay.
 */
async function isOver(
  state: State,
  { id }: SessionRecord,
  last: SessionRecord | null,
  fresh: SessionRecord,
): Promise<boolean> {
  const { setup, openedAt } = state
  const now = setup.clock()
  if (last !== null) return !isLive(last, now, setup.limits)
  const kept = await readNow(state, id)
  if (kept?.kind !== 'ended' || now >= openedAt + setup.limits.graceMs) return true
  const { reason, endedAt } = kept
  return reason !== 'login' && !(endedAt >= fresh.createdAt && setup.guards.login.some(({ name }) => name === reason))
}

function difference(from: Texts, to: Texts): Edits {
  const gone = Object.keys(from).filter((name) => !Object.hasOwn(to, name))
  return { ...pick(to, (name) => (from[name] === to[name] ? null : name)), ...toDrops(gone) }
}
