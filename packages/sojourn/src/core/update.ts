import { storePending } from './commit.ts'
import { assertFits, loadData, toStoredEdits, toStoredName } from './data.ts'
import { applyEdits, Draft, type Edits, NO_EDITS, toText } from './draft.ts'
import { SessionError } from './errors.ts'
import type { SessionRecord } from './record.ts'
import { accept, assertUncommitted, draftOf, idOf, type Pending, type State } from './state.ts'
import { nextTry } from './tries.ts'
import { takeTurn } from './turns.ts'
import { writeRecord } from './write.ts'

/**
 * Serialisable read-modify-write of one key: the new text is stored only if the key still holds the text that `fn` was
 * given. Writers in one process take turns; only those of different processes can make each other try again.
 */
export function update(state: State, key: string, fn: (value: unknown) => unknown): Promise<unknown> {
  return Promise.resolve(
    takeTurn(state.engine.turns, `${idOf(state)} ${key}`, () =>
      state.record === null ? updateNew(state, key, fn) : updateStored(state, state.record, key, fn),
    ),
  )
}

/** Nobody else can know a session that is not stored yet. */
async function updateNew(state: State, key: string, fn: (value: unknown) => unknown): Promise<unknown> {
  assertUncommitted(state, 'update')
  if (state.overtaken) throw new SessionError('ERR_SESSION_ENDED', 'The client was given a new token moments ago.')
  const { values } = draftOf(state)
  const before = values[key]
  const text = toText(before, key)
  const next = await fn(text === undefined ? undefined : JSON.parse(text))
  put(values, key, next)
  try {
    await storePending(state)
  } catch (error) {
    values[key] = before
    throw error
  }
  return next
}

async function updateStored(
  state: State,
  first: SessionRecord,
  key: string,
  fn: (value: unknown) => unknown,
): Promise<unknown> {
  let record = await flush(state, first, key)
  for (let tries = 0; ; tries = nextTry(tries)) {
    const texts = await state.vault.fromStored(record.data)
    const draft = new Draft(loadData(state.engine, record.id, texts), () => {})
    const next = await fn(draft.values[key])
    put(draft.values, key, next)
    // The key is in it even if its text stays: the request's own draft may hold an older one, and must not write that back.
    const data = { ...draft.drops(), ...one(key, toText(next, key)) }
    const all = toStoredEdits(data)
    assertFits(state.engine, applyEdits(texts, all))
    const stored = state.vault.storedKey(toStoredName(key))
    const expect = { key: stored, text: Object.hasOwn(record.data, stored) ? (record.data[stored] ?? null) : null }
    const written = await writeRecord(state, record, all, { expect })
    if (written.status === 'gone') throw gone()
    if (written.status === 'written') {
      show(state, record, key, next, { data, all })
      return next
    }
    record = written.record
  }
}

function gone(): SessionError {
  return new SessionError('ERR_SESSION_ENDED', 'The update was not stored.')
}

/** An assignment to this key earlier in the request comes first, as the code says. */
async function flush(state: State, record: SessionRecord, key: string): Promise<SessionRecord> {
  const edits = state.draft?.edits() ?? NO_EDITS
  if (!Object.hasOwn(edits, key)) return record
  const data = { ...state.draft?.drops(), ...one(key, edits[key]) }
  const all = toStoredEdits(data)
  assertFits(state.engine, applyEdits(state.texts, all))
  const written = await writeRecord(state, record, all)
  if (written.status === 'gone') throw gone()
  accept(state, { data, all })
  return state.record ?? record
}

function one(key: string, text: string | null | undefined): Edits {
  return { [key]: text ?? null }
}

/** `undefined` is no value: the key goes. */
function put(values: Record<string, unknown>, key: string, value: unknown): void {
  if (value === undefined) delete values[key]
  else values[key] = value
}

/** What was stored is what the handler sees from now on, unless it went on as another session meanwhile. */
function show(state: State, { id }: SessionRecord, key: string, next: unknown, stored: Pending): void {
  if (state.record?.id !== id) return
  if (state.draft !== null) put(state.draft.values, key, next)
  accept(state, stored)
}
