import { SessionError } from '../contracts/errors.ts'
import type { Head, SessionRecord } from '../contracts/record.ts'
import { expiryOf } from '../contracts/timeouts.ts'
import type { Texts } from '../data/texts.ts'
import { createVault, plainVault } from '../data/vault.ts'
import { defined } from '../lib/maybe.ts'
import { hashSecret, type TokenParts } from '../token/token.ts'
import { discard } from './end-session.ts'
import type { Held } from './held.ts'
import { ask, type Caller, type Setup } from './setup.ts'
import { mintedOf, type State } from './state.ts'
import { toStored } from './write.ts'

export interface NewRecord {
  readonly userId: string | null
  /** Unencrypted, under stored names. */
  readonly texts: Texts
  readonly head: Omit<Head, 'secret' | 'secretAt' | 'sealedKey'>
  /** Its token. Default: the request's own. */
  readonly parts?: TokenParts
}

/** Stores a new session in one write. The caller decides when the request uses it, and when its token is sent. */
export async function createRecord(state: State, fresh: NewRecord): Promise<Held> {
  const { setup } = state
  const { parts = mintedOf(state) } = fresh
  const vault = setup.sealed ? createVault(parts.id) : plainVault
  const sealedKey = await vault.keyFor(parts.secret)
  const { set } = await toStored(vault, fresh.texts)
  const record = toRecord(setup, fresh, parts, set, sealedKey)
  if (!(await create(state, record))) throw new SessionError('ERR_STORE', TAKEN)
  return { record, parts, vault, standing: 'current' }
}

async function create(by: Caller, record: SessionRecord): Promise<boolean> {
  try {
    return await ask(by, 'create', (store) => store.create(record))
  } catch (error) {
    // The store may have created the record although the call failed. The user would see a session among their devices that no
    // client holds.
    if (record.userId !== null) await discard(by, record)
    throw error
  }
}

const TAKEN = 'A new id was taken already: the random generator or the store is broken.'

function toRecord(
  { clock, limits }: Setup,
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
