import { defined } from './defined.ts'
import type { Texts } from './draft.ts'
import { ask } from './engine.ts'
import { SessionError } from './errors.ts'
import type { Head, SessionRecord } from './record.ts'
import { partsOf, type State } from './state.ts'
import { expiryOf } from './timeouts.ts'
import { hashSecret, type TokenParts } from './token.ts'
import { createVault, plainVault } from './vault.ts'
import { toStored } from './write.ts'

export interface NewRecord {
  readonly userId: string | null
  /** In the clear, under stored names. */
  readonly texts: Texts
  readonly head: Omit<Head, 'secret' | 'secretAt' | 'sealedKey'>
  /** A token for it; the request's own when left out. */
  readonly parts?: TokenParts
}

/** Stores a new session, which the request then goes on as. One write. */
export async function createRecord(
  state: State,
  { userId, texts, head, parts = partsOf(state) }: NewRecord,
): Promise<SessionRecord> {
  const { engine } = state
  const vault = engine.sealed ? createVault(parts.id) : plainVault
  const sealedKey = await vault.keyFor(parts.secret)
  const { set } = await toStored(vault, texts)
  const now = engine.clock()
  const fields = {
    createdAt: now,
    lastSeenAt: now,
    head: { ...head, secret: hashSecret(parts.secret), secretAt: now, ...defined({ sealedKey }) },
  }
  const record: SessionRecord = {
    kind: 'live',
    id: parts.id,
    userId,
    version: 0,
    ...fields,
    expiresAt: expiryOf(fields, engine.limits),
    data: set,
  }
  const isCreated = await ask(engine, 'create', (store) => store.create(record))
  if (!isCreated)
    throw new SessionError('ERR_STORE', 'A new id was taken already: the random generator or the store is broken.')
  Object.assign(state, { record, parts, vault, standing: 'current', answer: 'write' } satisfies Partial<State>)
  return record
}
