import type { HeaderChange } from './carrier.ts'
import { createRecord } from './create-record.ts'
import { assertFits } from './data.ts'
import { applyEdits, isEmpty } from './draft.ts'
import { SessionError } from './errors.ts'
import { toHeaders } from './headers.ts'
import { chain } from './maybe.ts'
import type { SessionRecord } from './record.ts'
import { accept, idOf, type Pending, pendingOf, type State } from './state.ts'
import type { MaybePromise } from './store.ts'
import { takeTurn } from './turns.ts'
import { isNewest, isUpkeepDue, planUpkeep, type Upkeep } from './upkeep.ts'
import { writeRecord } from './write.ts'

/**
 * Before the response begins: stores what changed, in one write or none, and says which headers go with it. A request that
 * changed nothing is answered at once.
 */
export function commit(state: State): MaybePromise<readonly HeaderChange[]> {
  const pending = pendingOf(state)
  const isIdle = isEmpty(pending.all) && !isUpkeepDue(state)
  return chain(isIdle ? undefined : storePending(state, pending), () => {
    state.committed = true
    return toHeaders(state)
  })
}

/** After the response: what a stream edited since its headers went out. A session cannot begin here, for no token can be sent. */
export function finish(state: State): MaybePromise<void> {
  const pending = pendingOf(state)
  if (isEmpty(pending.all)) return
  if (state.record !== null) return storePending(state, pending)
  const error = new SessionError('ERR_HEADERS_SENT', 'Data written to a new session after that is lost.')
  state.engine.events.emit('fault', { operation: 'finish', error })
  state.engine.warnOnce(error.message)
}

/** Writes what is pending; a session that was not stored yet begins with it. */
export async function storePending(state: State, pending: Pending = pendingOf(state)): Promise<void> {
  if (!isEmpty(pending.data)) assertFits(state.engine, applyEdits(state.texts, pending.all))
  if (state.record === null) await begin(state, pending)
  else await save(state, state.record, pending)
}

async function begin(state: State, pending: Pending): Promise<void> {
  const texts = applyEdits({}, pending.all)
  // Another session's token would take the place of the one that the client just got.
  if (Object.keys(texts).length === 0 || state.overtaken) return accept(state, pending)
  await takeTurn(state.engine.turns, idOf(state), async () => {
    // An update that the handler did not wait for may have begun it.
    if (state.record !== null) return storePending(state)
    const { id } = await createRecord(state, { userId: null, texts, head: {} })
    accept(state, pending)
    state.engine.events.emit('created', { id })
  })
}

/** Renewal and last-seen ride along with the data, or go alone. Neither may cost the request its data. */
async function save(state: State, record: SessionRecord, pending: Pending): Promise<void> {
  const upkeep = await planUpkeep(state, record)
  const isData = !isEmpty(pending.all)
  if (!isData && upkeep.change === null) return follow(state, upkeep)
  try {
    const written = await writeRecord(state, record, pending.all, upkeep.change ?? {})
    if (written.status === 'written') {
      accept(state, pending)
      await follow(state, upkeep)
    } else if (written.status === 'gone') {
      drop(state, record, pending)
    } else {
      // Another request renewed or rotated meanwhile: go by its record.
      await save(state, written.record, pending)
    }
  } catch (error) {
    // Last-seen alone is not worth failing a request for: the session ends sooner, which is the safe side.
    if (isData || upkeep.change?.head !== undefined) throw error
  }
}

/** Tells the client, and listeners, what came of the renewal. What a write of the head did not confirm, another look does. */
async function follow(state: State, { change, next }: Upkeep): Promise<void> {
  if (next !== null && (change?.head !== undefined || (await isNewest(state, next)))) {
    Object.assign(state, { parts: next, answer: 'write' } satisfies Partial<State>)
  }
  if (state.standing !== 'successor' || change === null || state.record === null) return
  state.standing = 'current'
  const { id, userId } = state.record
  state.engine.events.emit('renewed', { id, userId })
}

/** Ended while this request ran. Ended is ended: its edits go with it, and the client's token is not touched. */
function drop(state: State, { id }: SessionRecord, pending: Pending): void {
  accept(state, pending)
  state.answer = 'keep'
  if (!isEmpty(pending.all)) state.engine.events.emit('refused', { id, reason: 'ended' })
}
