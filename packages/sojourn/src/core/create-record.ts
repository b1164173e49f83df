import { defined } from './defined.ts'
import type { Texts } from './draft.ts'
import { discard } from './ending.ts'
import { ask, type Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import { chain, rescue } from './maybe.ts'
import type { Head, SessionRecord } from './record.ts'
import { partsOf, type State } from './state.ts'
import type { MaybePromise } from './store.ts'
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

/** What a request goes on as, once a new session stands. */
export type Created = Pick<State, 'parts' | 'vault' | 'standing'> & { readonly record: SessionRecord }

/** Stores a new session. One write. The caller says when the request goes on as it, and when its token goes out. */
export function createRecord(state: State, fresh: NewRecord): MaybePromise<Created> {
  const { engine } = state
  const { parts = partsOf(state) } = fresh
  const vault = engine.sealed ? createVault(parts.id) : plainVault
  const stored = chain(vault.keyFor(parts.secret), (sealedKey) =>
    chain(toStored(vault, fresh.texts), ({ set }) => toRecord(engine, fresh, parts, set, sealedKey)),
  )
  return chain(stored, (record) =>
    chain(
      rescue(
        () => ask(engine, 'create', (store) => store.create(record)),
        (error) => giveUp(engine, record, error),
      ),
      (isCreated) => {
        if (!isCreated) throw new SessionError('ERR_STORE', TAKEN)
        return { record, parts, vault, standing: 'current' }
      },
    ),
  )
}

/** The store may have done what it failed to answer. A user would see a session among their devices that nobody holds. */
async function giveUp(engine: Engine, record: SessionRecord, error: unknown): Promise<never> {
  if (record.userId !== null) await discard(engine, record)
  throw error
}

const TAKEN = 'A new id was taken already: the random generator or the store is broken.'

function toRecord(
  { clock, limits }: Engine,
  { userId, head }: NewRecord,
  { id, secret }: TokenParts,
  data: Texts,
  sealedKey: string | undefined,
): SessionRecord {
  const now = clock()
  const fields = {
    createdAt: now,
    lastSeenAt: now,
    head: { ...head, secret: hashSecret(secret), secretAt: now, ...defined({ sealedKey }) },
  }
  return { kind: 'live', id, userId, version: 0, ...fields, expiresAt: expiryOf(fields, limits), data }
}
