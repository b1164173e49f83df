import { SessionError } from '../contracts/errors.ts'
import type { Answer, Finding, Guard, LoginRuling, Ruling } from '../contracts/guard.ts'
import type { SessionId } from '../contracts/record.ts'
import type { SessionInfo } from '../contracts/session.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { isEmpty } from '../data/texts.ts'
import { chain, isPromise } from '../lib/maybe.ts'
import { nextTry } from '../lib/turns.ts'
import { isEmbedded } from '../lib/view.ts'
import { devicesOf, revoke } from './admin.ts'
import { type Caller, emit } from './caller.ts'
import { endSession } from './end-session.ts'
import type { Held } from './held.ts'
import { type Notes, noteEdits, withNote } from './notes.ts'
import { refuse } from './open.ts'
import { recheckNow } from './recheck.ts'
import { lateReason, storePending } from './save.ts'
import { assertHeader, toSight } from './sight.ts'
import { assertUncommitted, canKeep, presents, type State } from './state.ts'

/** Runs before the store is read: if a guard answers, the read is saved. */
export function checkAll(state: State): MaybePromise<Answer | null> {
  return chain(firstDenial(state, state.setup.guards.check, checkOne), answerOf, state)
}

/** Runs after the token was judged. */
export function openedAll(state: State, tries = 0): MaybePromise<Answer | null> {
  const denial = firstDenial(state, state.setup.guards.opened, openedOne)
  return denial === null ? null : withNotes(state, denial, tries)
}

interface Denial {
  readonly guard: Guard
  readonly answer: Answer
}

/** An answer is an event only if it is sent. */
function answerOf(denial: Denial | null, state: State): Answer | null {
  if (denial === null) return null
  // A success of the guard's own protocol refuses nothing.
  if (denial.answer.status < 300) return denial.answer
  emit(state, 'denied', { guard: denial.guard.name, reason: denial.answer.reason })
  return denial.answer
}

// Functions of the state rather than closures, because every request calls them.
function firstDenial(
  state: State,
  guards: readonly Guard[],
  ask: (state: State, guard: Guard) => MaybePromise<Denial | null>,
  from = 0,
): MaybePromise<Denial | null> {
  for (let i = from; i < guards.length; i++) {
    const denial = ask(state, guards[i] as Guard)
    if (isPromise(denial)) return denial.then((late) => late ?? firstDenial(state, guards, ask, i + 1))
    if (denial !== null) return denial
  }
  return null
}

function checkOne(state: State, guard: Guard): MaybePromise<Denial | null> {
  const { view, carrier, candidates } = state
  const answer = askGuard(state, guard, 'check', { view, carrier, presents: presents(candidates) })
  return answer === null ? null : chain(answer, (given) => deny(state, guard, given))
}

function openedOne(state: State, guard: Guard): MaybePromise<Denial | null> {
  const ruling = askGuard(state, guard, 'opened', toSight(state, state.held, guard))
  return ruling === null ? null : chain(ruling, (given) => obey(state, guard, given))
}

function withNotes(state: State, denial: MaybePromise<Denial | null>, tries: number): MaybePromise<Answer | null> {
  return chain(denial, (late) =>
    late === null || state.notes === null ? answerOf(late, state) : storeNotes(state, late, tries),
  )
}

/**
 * An answer may rely on the note, such as a challenge that is used up, so the note is stored first. If a parallel request
 * changed it or ended the session meanwhile, the guards judge again.
 */
function storeNotes(state: State, denial: Denial, tries: number): MaybePromise<Answer | null> {
  state.lostNotes = false
  const stored = storePending(state, undefined, (_, record) => {
    refuse(state, { kind: 'dead', refusal: lateReason(state, record), id: record.id, isOvertaken: true })
    state.lostNotes = true
  })
  return chain(stored, () => (state.lostNotes ? openedAll(state, nextTry(tries)) : answerOf(denial, state)))
}

function deny(state: State, guard: Guard, answer: Answer | null = null): Denial | null {
  if (answer === null) return null
  try {
    assertAnswer(answer)
  } catch (error) {
    return guardFailed(state, guard, error)
  }
  return { guard, answer }
}

function obey(state: State, guard: Guard, ruling: Ruling | null): MaybePromise<Denial | null> {
  const { held } = state
  if (ruling === null) return null
  if (!isRuling(ruling, typeof ruling.end === 'string')) return guardFailed(state, guard, wrongRuling())
  if (
    held?.voucher?.isUnread === true &&
    (ruling.note !== undefined || ruling.distrust || ruling.withhold || ruling.end !== undefined)
  ) {
    // The guard has not seen its note yet, and must not replace it with one that relies on that.
    return chain(recheckNow(state), () => openedOne(state, guard))
  }
  report(state, held, guard, ruling.report)
  if (typeof ruling.lock === 'string') {
    state.locks ??= new Map()
    state.locks.set(guard.name, ruling.lock)
  }
  if (held === null) return deny(state, guard, ruling.answer)
  if (ruling.note !== undefined) keepNote(state, held, guard, ruling.note)
  if (ruling.distrust === true) {
    state.distrusts = true
    state.distrustedProof = held.record.head.authenticatedAt
  }
  const { record } = held
  const { id } = record
  const { end = null } = ruling
  if (end === null) {
    if (ruling.withhold === true) {
      // The client has a live session. A picture in a page of another origin must not replace its token by that of a new one.
      const isOvertaken = isEmbedded(state.view)
      refuse(state, { kind: 'dead', refusal: 'withheld', id, record, isOvertaken })
    }
    return deny(state, guard, ruling.answer)
  }
  return endSession(state, record, end).then(() => {
    refuse(state, { kind: 'dead', refusal: 'ended', id })
    return deny(state, guard, ruling.answer)
  })
}

/**
 * Without the session's own token, a sealed session holds no notes, and a client that holds its record gets none on a socket. A
 * guard that needs one has failed then.
 */
function keepNote(state: State, held: Held, guard: Guard, text: string | null): void {
  try {
    const notes = withNote(state.notes, held, guard.name, text)
    if (!canKeep(state) && !isEmpty(noteEdits(state.texts, notes.byGuard))) {
      throw new SessionError('ERR_NO_HEADERS', 'The client holds the record, so it must receive the note.')
    }
    state.notes = notes
  } catch (error) {
    guardFailed(state, guard, error)
  }
}

/**
 * Runs during a login, once the new session is stored, so that parallel logins see each other. Returns the notes for the new
 * session. No session ends before every guard has agreed.
 */
export async function loginAll(state: State, created: Held, replaces: readonly SessionId[]): Promise<Notes['byGuard']> {
  const notes = new Map<string, string | null>()
  const ending: [SessionId, Guard][] = []
  for (const guard of state.setup.guards.login) {
    const list = (): Promise<readonly SessionInfo[]> => devicesOf(state, created.record)
    const ruling = await askGuard(state, guard, 'login', { ...toSight(state, created, guard), replaces, list })
    if (ruling === null) continue
    if (!isRuling(ruling, Array.isArray(ruling.end))) {
      guardFailed(state, guard, wrongRuling())
      continue
    }
    report(state, created, guard, ruling.report)
    if (typeof ruling.refuse === 'string') throw new SessionError('ERR_LOGIN_REFUSED', ruling.refuse)
    if (ruling.note !== undefined) notes.set(guard.name, ruling.note)
    ending.push(...(ruling.end ?? []).map((id) => [id, guard] as [SessionId, Guard]))
  }
  // The guards may have taken long. Nothing may end for a login whose token cannot be sent any more.
  assertUncommitted(state, 'login')
  await Promise.all(ending.map(([id, { name }]) => revoke(state, id, name)))
  return notes
}

type Asked = 'check' | 'opened' | 'login'
type SightOf<Moment extends Asked> = Parameters<NonNullable<Guard[Moment]>>[0]
type Decision<Moment extends Asked> = Awaited<ReturnType<NonNullable<Guard[Moment]>>>

/** Asks a guard. If it fails, `whenDown` decides. */
function askGuard<Moment extends Asked>(
  by: Caller,
  guard: Guard,
  moment: Moment,
  sight: SightOf<Moment>,
): MaybePromise<Decision<Moment> | null> {
  try {
    // A guard in JavaScript may return nothing.
    const decision = (guard[moment] as (sight: SightOf<Moment>) => MaybePromise<Decision<Moment>>)(sight) ?? null
    return isPromise(decision) ? decision.then(orNull, (error: unknown) => guardFailed(by, guard, error)) : decision
  } catch (error) {
    return guardFailed(by, guard, error)
  }
}

function orNull<T>(decision: T | undefined): T | null {
  return decision ?? null
}

function guardFailed(by: Caller, guard: Guard, error: unknown): null {
  emit(by, 'fault', { operation: `guard ${guard.name}`, error })
  if (guard.whenDown === 'allow') return null
  throw new SessionError('ERR_GUARD', `${guard.name} failed.`, error)
}

const KINDS = { note: 'string', lock: 'string', refuse: 'string', withhold: 'boolean', distrust: 'boolean' } as const

/**
 * A guard in JavaScript may return other types. A note that is no text would be stored and never be found again, and a request
 * that the guard wants to refuse must not pass.
 */
function isRuling(ruling: Ruling | LoginRuling, isEnd: boolean): boolean {
  // A condition that is not met leaves `false`, which decides nothing. `true` or a text may have been meant as a refusal.
  if (!ruling) return true
  const given = ruling as Readonly<Record<string, unknown>>
  const isKind = ([name, kind]: [string, string]): boolean =>
    [kind, 'undefined'].includes(typeof (given[name] ?? undefined))
  return (
    typeof ruling === 'object' &&
    !Array.isArray(ruling) &&
    (isEnd || (ruling.end ?? null) === null) &&
    Object.entries(KINDS).every(isKind)
  )
}

function wrongRuling(): SessionError {
  return new SessionError('ERR_GUARD', 'A ruling is no object, or has a member of the wrong type.')
}

/** Reports a finding once a request, also if guards are asked again because a parallel request changed a note. */
export function report(state: State, held: Held | null, { name }: Guard, found: Finding | null = null): void {
  if (found === null) return
  const { finding, score = null, message } = found
  const { dead } = state
  const { id = null, userId = null } = held?.record ?? dead?.record ?? { id: dead?.id }
  const key = `${name} ${id} ${finding}`
  if (state.findings.includes(key)) return
  state.findings = [...state.findings, key]
  emit(state, 'finding', { guard: name, id, userId, finding, score, message })
}

/** Node waits forever after a status below 200, and fails after a body that is no text. Other servers throw. */
function assertAnswer({ status, message, body, headers = {} }: Answer): void {
  if (!Number.isInteger(status) || status < 200 || status > 599 || typeof (body ?? message) !== 'string') {
    throw new SessionError('ERR_GUARD', 'An answer needs a status from 200 to 599 and a text.')
  }
  for (const [name, value] of Object.entries(headers)) assertHeader(name, value)
}
