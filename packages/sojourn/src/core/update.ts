import { storePending } from './commit.ts'
import { loadData, toFitting, toStoredName } from './data.ts'
import { createDraft, define, type Edits, type Texts, toText } from './draft.ts'
import { SessionError } from './errors.ts'
import type { SessionRecord } from './record.ts'
import { accept, assertUncommitted, draftOf, idOf, type State } from './state.ts'
import { takeTurn } from './turns.ts'
import { writeRecord } from './write.ts'

/** Each failed try means that another writer got through, so this many in a row is no accident. */
const MAX_TRIES = 100

/**
 * Serialisable read-modify-write of one key: the new text is stored only if the key still holds the text that `fn` was
 * given. Writers in one process take turns; only those of different processes can make each other try again.
 */
export function update(state: State, key: string, fn: (value: unknown) => unknown): Promise<unknown> {
  return takeTurn(state.engine.turns, `${idOf(state)} ${key}`, () =>
    state.record === null ? updateNew(state, key, fn) : updateStored(state, state.record, key, fn),
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
  values[key] = next
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
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const texts = await state.vault.fromStored(record.data)
    const next = await fn(currentValue(state, record, texts, key))
    const text = toText(next, key)
    const edits = toFitting(state.engine, texts, toEdits(toStoredName(key), text))
    const stored = state.vault.storedKey(toStoredName(key))
    const expect = { key: stored, text: ownText(record.data, stored) }
    const written = await writeRecord(state, record, edits, { expect })
    if (written.status === 'written') return show(state, record, key, next, text)
    if (written.status === 'gone') throw new SessionError('ERR_SESSION_ENDED', 'The update was not stored.')
    record = written.record
  }
  throw new SessionError('ERR_CONTENTION', 'The update was not stored. Retry the request.')
}

function currentValue({ engine }: State, { id }: SessionRecord, texts: Texts, key: string): unknown {
  return createDraft(loadData(engine, id, texts), () => {}).values[key]
}

/** An assignment to this key earlier in the request comes first, as the code says. */
async function flush(state: State, record: SessionRecord, key: string): Promise<SessionRecord> {
  const edits = state.draft?.edits()
  if (edits === undefined) return record
  const data = { set: pickOwn(edits.set, key), remove: edits.remove.filter((name) => name === key) }
  if (data.remove.length === 0 && !Object.hasOwn(data.set, key)) return record
  const all = toFitting(state.engine, state.texts, toEdits(toStoredName(key), ownText(data.set, key) ?? undefined))
  const written = await writeRecord(state, record, all)
  if (written.status === 'gone') throw new SessionError('ERR_SESSION_ENDED', 'The update was not stored.')
  accept(state, { data, all })
  return state.record ?? record
}

/** What was stored is what the handler sees from now on, unless it went on as another session meanwhile. */
function show(state: State, { id }: SessionRecord, key: string, next: unknown, text: string | undefined): unknown {
  const { draft } = state
  if (state.record?.id !== id) return next
  const data = toEdits(key, text)
  if (draft !== null) {
    if (text === undefined) delete draft.values[key]
    else draft.values[key] = next
  }
  accept(state, { data, all: toEdits(toStoredName(key), text) })
  return next
}

function toEdits(name: string, text: string | undefined): Edits {
  return text === undefined ? { set: {}, remove: [name] } : { set: toTexts(name, text), remove: [] }
}

function toTexts(name: string, text: string): Texts {
  const texts: Record<string, string> = {}
  define(texts, name, text)
  return texts
}

function pickOwn(texts: Texts, key: string): Texts {
  const text = ownText(texts, key)
  return text === null ? {} : toTexts(key, text)
}

function ownText(texts: Texts, key: string): string | null {
  return Object.hasOwn(texts, key) ? (texts[key] ?? null) : null
}
