import type { HeaderChange } from './carrier.ts'
import { createRecord } from './create-record.ts'
import { assertFits } from './data.ts'
import { applyEdits, isEmpty } from './draft.ts'
import { discard } from './ending.ts'
import { SessionError } from './errors.ts'
import { NO_HEADERS, toHeaders } from './headers.ts'
import { chain, rescue } from './maybe.ts'
import type { SessionRecord } from './record.ts'
import { accept, assertUncommitted, inTurn, type Pending, pendingOf, type State } from './state.ts'
import type { MaybePromise } from './store.ts'
import { expiryOf } from './timeouts.ts'
import { nextTry } from './tries.ts'
import { isNewest, isUpkeepDue, planUpkeep, type Upkeep } from './upkeep.ts'
import { writeRecord } from './write.ts'

/**
 * Before the response begins: stores what changed, in one write or none, and says which headers go with it. A request that
 * changed nothing is answered at once.
 */
export function commit(state: State, status = 200): MaybePromise<readonly HeaderChange[]> {
  state.failed = status >= 500
  const pending = pendingOf(state)
  const isIdle = isEmpty(pending.all) && !isUpkeepDue(state)
  return chain(isIdle ? undefined : storePending(state, pending), () => {
    state.committed = true
    return toHeaders(state)
  })
}

/** For a response in place of the handler's: what was done in the store already, and the client has to hear of. */
export function salvage(state: State): readonly HeaderChange[] {
  state.committed = true
  // A dead token that the client sent can be cleared another time: a store that fails changes no cookie.
  const isDone = state.answer === 'write' || (state.answer === 'clear' && state.refused === null)
  return isDone ? toHeaders(state) : NO_HEADERS
}

/** After the response: what a stream edited since its headers went out. A session cannot begin here, for no token can be sent. */
export function finish(state: State): MaybePromise<void> {
  const pending = pendingOf(state)
  state.finished = true
  if (isEmpty(pending.all)) return
  if (state.record !== null) return storePending(state, pending)
  const error = new SessionError('ERR_HEADERS_SENT', 'Data written to a new session after that is lost.')
  state.engine.events.emit('fault', { operation: 'finish', error })
  state.engine.warnOnce(error.message)
}

/** Writes what is pending; a session that was not stored yet begins with it. */
export function storePending(state: State, pending: Pending = pendingOf(state)): MaybePromise<void> {
  const { engine, texts, draft } = state
  if (!isEmpty(pending.data)) assertFits(engine, applyEdits(texts, pending.all), pending.data, draft?.hidden)
  return state.record === null ? begin(state, pending) : save(state, state.record, pending)
}

function begin(state: State, pending: Pending): MaybePromise<void> {
  const texts = applyEdits({}, pending.all)
  // Another session's token would take the place of the one that the client just got.
  if (Object.keys(texts).length === 0 || state.overtaken) return accept(state, pending)
  return inTurn<void>(state, () => {
    // A verb or an update that the handler did not wait for may have begun it.
    if (state.record !== null) return storePending(state)
    assertUncommitted(state, 'update')
    return chain(createRecord(state, { userId: null, texts, head: {} }), (created) => {
      if (state.committed) return refuseLate(state, created.record)
      Object.assign(state, { ...created, answer: 'write' } satisfies Partial<State>)
      accept(state, pending)
      state.engine.events.emit('created', { id: created.record.id })
    })
  })
}

/** Its token cannot be sent any more, when the handler did not wait for the update that began it. */
async function refuseLate(state: State, record: SessionRecord): Promise<void> {
  await discard(state.engine, record)
  assertUncommitted(state, 'update')
}

/** Renewal and last-seen ride along with the data, or go alone. Neither may cost the request its data. */
function save(state: State, record: SessionRecord, pending: Pending, tries = 0): MaybePromise<void> {
  return chain(planUpkeep(state, record), (upkeep): MaybePromise<void> => {
    const isData = !isEmpty(pending.all)
    if (!isData && upkeep.change === null) return follow(state, upkeep)
    return rescue<void>(
      () =>
        chain(writeRecord(state, record, pending.all, upkeep.change ?? {}), (written) => {
          if (written.status === 'gone') return drop(state, record, pending)
          // Another request renewed or rotated meanwhile: go by its record.
          if (written.status === 'conflict') return save(state, written.record, pending, nextTry(tries))
          accept(state, pending)
          return follow(state, upkeep)
        }),
      (error) => {
        // Last-seen alone is not worth failing a request for: the session ends sooner, which is the safe side. Nor is a
        // renewal that a full store refused: nothing was stored, so the client keeps its token, and the next request tries.
        if (isData || (upkeep.change?.head !== undefined && !isFull(error))) throw error
      },
    )
  })
}

function isFull(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'ERR_STORE_FULL'
}

/** Tells the client, and listeners, what came of the renewal. What a write of the head did not confirm, another look does. */
function follow(state: State, { change, next }: Upkeep): MaybePromise<void> {
  const isGood = next !== null && (change?.head !== undefined || isNewest(state, next))
  return chain(isGood, (good) => {
    if (good) Object.assign(state, { parts: next, answer: 'write' } satisfies Partial<State>)
    if (state.standing !== 'successor' || change === null || state.record === null) return
    state.standing = 'current'
    const { id, userId } = state.record
    state.engine.events.emit('renewed', { id, userId })
  })
}

/** Ended or expired while this request ran. Its edits go with it, and the client's token is not touched. */
function drop(state: State, record: SessionRecord, pending: Pending): void {
  const { engine } = state
  accept(state, pending)
  state.answer = 'keep'
  if (isEmpty(pending.all)) return
  const reason = engine.clock() < expiryOf(record, engine.limits) ? 'ended' : 'expired'
  engine.events.emit('refused', { id: record.id, reason })
}
