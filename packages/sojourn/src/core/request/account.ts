import { checkOptions } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { AccountChange, Head, SessionId } from '../contracts/record.ts'
import type { KeepOptions } from '../contracts/sessions.ts'
import { nextTry } from '../lib/turns.ts'
import { toHeadChange } from '../token/secrets.ts'
import { eachOf, type Kept } from './admin.ts'
import { ask, type Caller, emit } from './caller.ts'
import { endSession } from './end-session.ts'
import { RequestSession } from './request-session.ts'
import { rotateNow } from './rotate.ts'
import { inTurn, type State } from './state.ts'

/** Ends or distrusts the user's sessions, and gives the one that is kept a new token. Returns the number of the others. */
export async function accountChanged(
  own: Caller,
  change: AccountChange,
  userId: string,
  options: KeepOptions = {},
): Promise<number> {
  checkOptions(options, { keep: 'any' }, change)
  const { keep = '' } = options
  const state = RequestSession.stateOf(keep)
  if (state === null && typeof keep !== 'string') {
    throw new SessionError('ERR_OPTION', 'keep must be a session or an id.')
  }
  const work = (): Promise<number> => changeAll(own, change, userId, state, keep)
  // The response waits for its turn, so the client gets the new token even if the handler does not wait.
  return state === null ? work() : inTurn(state, work)
}

async function changeAll(
  own: Caller,
  change: AccountChange,
  userId: string,
  state: State | null,
  keep: unknown,
): Promise<number> {
  const by: Caller = { ...own, view: state?.view ?? null }
  const held = state?.held?.record
  const id = state === null ? keep : held?.id
  const isEnd = change !== 'email-changed' && change !== 'role-changed'
  let kept: SessionId | null = null
  const count = await eachOf(by, userId, async (record) => {
    if (record.id === id) {
      kept = record.id
      if (state === null) await renewNext(by, record, {})
      return null
    }
    return isEnd ? endSession(by, record, change, userId) : renewNext(by, record, { distrustedAt: by.setup.clock() })
  })
  // Last, because the others must end also if this session has ended meanwhile.
  if (state !== null && held?.userId === userId) await rotateNow(state, change.replace('-c', 'C'))
  emit(by, 'account', { userId, change, kept, count })
  return count
}

/** The session gets a new token at its next request. Nobody could receive one now. */
async function renewNext(by: Caller, record: Kept, edit: Partial<Head>, tries = 0): Promise<Kept | null> {
  // It cannot be marked, and a later version may open it.
  if (record.kind === 'damaged') return endSession(by, record, 'invalid')
  const head = { ...record.head, ...edit, renewDue: true }
  const written = await ask(by, 'write', record.id, toHeadChange(record, head))
  if (written.status === 'conflict') return renewNext(by, written.record, edit, nextTry(tries))
  return written.status === 'written' ? record : null
}
