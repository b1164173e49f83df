import { checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionRecord } from '../contracts/record.ts'
import { Draft } from '../data/draft.ts'
import { assertFits } from '../data/schema.ts'
import { applyEdits, NO_EDITS, toStoredEdits, toStoredName, toText } from '../data/texts.ts'
import { nextTry, type Patience, takeTurn } from '../lib/turns.ts'
import type { Held } from './held.ts'
import { recheck } from './recheck.ts'
import { lost, storePending, writeRecord } from './save.ts'
import { accept, assertUncommitted, draftOf, inTurn, load, type Pending, type State } from './state.ts'

/**
 * The limits within this process: longer than a slow request takes, and short enough that a client still waits for the answer.
 */
const PATIENCE: Patience = { length: 1000, waitMs: 10_000 }

/**
 * A serializable read-modify-write of one key: the new text is stored only if the key still holds the text that `fn` received.
 * Writers in one process take turns, so that they rarely conflict.
 */
export async function update(state: State, key: string, fn: (value: unknown) => unknown): Promise<unknown> {
  checkArgument(key, 'string', 'key')
  checkArgument(fn, 'function', 'fn')
  if (state.updating.includes(key)) {
    throw new SessionError('ERR_MISUSE', `update(${JSON.stringify(key)}) inside its own fn would wait for itself.`)
  }
  if (state.line !== null) await state.line
  if (state.held?.voucher?.isUnread === true) await recheck(state)
  const work = (): Promise<unknown> =>
    state.held === null ? updateNew(state, key, fn) : updateStored(state, state.held, key, fn)
  return takeTurn(state.setup.turns, `${state.id} ${key}`, work, PATIENCE)
}

/** Calls `fn`. `updating` detects an update of the same key that `fn` makes before it first awaits. */
function call(state: State, key: string, fn: (value: unknown) => unknown, value: unknown): unknown {
  const outer = state.updating
  state.updating = [...outer, key]
  try {
    return fn(value)
  } finally {
    state.updating = outer
  }
}

/** No other request can know a session that is not stored yet. */
async function updateNew(state: State, key: string, fn: (value: unknown) => unknown): Promise<unknown> {
  assertUncommitted(state, 'update')
  if (state.overtaken) throw new SessionError('ERR_SESSION_ENDED', 'The client has another token.')
  const draft = draftOf(state)
  const before = draft.values[key]
  const text = toText(before, key)
  const isAssigned = draft.watch(key)
  const next = await call(state, key, fn, text === undefined ? undefined : JSON.parse(text))
  const isLate = isAssigned()
  if (!isLate) draft.put(key, next)
  try {
    await inTurn(state, () => storePending(state))
  } catch (error) {
    if (!isLate) draft.put(key, before)
    throw error
  }
  return next
}

async function updateStored(state: State, first: Held, key: string, fn: (value: unknown) => unknown): Promise<unknown> {
  const { setup, view } = state
  let held = await flush(state, first, key)
  const isAssigned = draftOf(state).watch(key)
  for (let tries = 0; ; tries = nextTry(tries)) {
    const { record, vault } = held
    const texts = await vault.fromStored(record.data)
    const draft = new Draft(load({ setup, view, id: record.id }, texts), null)
    const next = await call(state, key, fn, draft.values[key])
    draft.put(key, next)
    // The key is included even if its text is unchanged: the request's draft may hold an older one, and must not write that back.
    const data = { ...draft.drops(), [key]: toText(next, key) ?? null }
    const all = toStoredEdits(data)
    if (setup.schema !== null) assertFits(setup.schema, applyEdits(texts, all), data, draft.hidden)
    const stored = vault.storedKey(toStoredName(key))
    const expect = { key: stored, text: Object.hasOwn(record.data, stored) ? (record.data[stored] ?? null) : null }
    const written = await writeRecord(state, held, all, { expect })
    if (written.status === 'gone') return lost()
    if (written.status === 'written') {
      show(state, record, isAssigned() ? null : { key, next }, { data, all })
      return next
    }
    held = { ...held, record: written.record }
  }
}

/** An earlier assignment to this key in the same request is stored first, in the order of the code. */
async function flush(state: State, held: Held, key: string): Promise<Held> {
  const edits = state.draft?.edits() ?? NO_EDITS
  if (!Object.hasOwn(edits, key)) return held
  const data = { ...state.draft?.drops(), [key]: edits[key] ?? null }
  await inTurn(state, () => storePending(state, { data, all: toStoredEdits(data) }, lost))
  return state.held ?? held
}

/**
 * From now on the handler sees what was stored, unless the request has another session meanwhile, or the handler assigned the key
 * while `fn` ran (`null`): that assignment is later, and stays pending.
 */
function show(
  state: State,
  { id }: SessionRecord,
  shown: { readonly key: string; readonly next: unknown } | null,
  stored: Pending,
): void {
  if (state.held?.record.id !== id) return
  if (shown !== null) state.draft?.put(shown.key, shown.next)
  accept(state, stored)
}
