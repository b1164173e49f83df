import { SessionError } from '../contracts/errors.ts'
import type { Head, SessionRecord } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import type { Texts } from '../data/texts.ts'
import { createVault, plainVault, toStored } from '../data/vault.ts'
import { chain, rescue } from '../lib/maybe.ts'
import { expiryOf, hashSecret, type TokenParts } from '../token/token.ts'
import { ask, type Caller, sureOfEra } from './caller.ts'
import { discard } from './end-session.ts'
import type { Held } from './held.ts'
import type { Setup } from './setup.ts'
import { mintedOf, type State } from './state.ts'

export interface NewRecord {
  readonly userId: string | null
  /** Unencrypted, under stored names. */
  readonly texts: Texts
  readonly head: Omit<Head, 'secret' | 'secretAt' | 'sealedKey'>
  /** Its token. Default: the request's own. */
  readonly parts?: TokenParts
}

/** Stores a new session in one write. The caller decides when the request uses it, and when its token is sent. */
export function createRecord(state: State, fresh: NewRecord): MaybePromise<Held> {
  const { setup } = state
  const { parts = mintedOf(state) } = fresh
  const vault = setup.sealed ? createVault(parts.id) : plainVault
  return chain(vault.keyFor(parts.secret), (sealedKey) =>
    chain(toStored(vault, fresh.texts), ({ set }) =>
      chain(sureOfEra(state), () => {
        const record = toRecord(setup, fresh, parts, set, sealedKey)
        const held: Held = { record, parts, vault, standing: 'current' }
        return chain(create(state, record), (isCreated) => (isCreated ? held : taken()))
      }),
    ),
  )
}

/** The store may have created the record although the call failed. */
function create(state: State, record: SessionRecord): MaybePromise<boolean> {
  return rescue(
    () => ask(state, 'create', record),
    (error) => {
      if (record.userId !== null) return forgetUsers(state, record, error)
      // The id may be taken by this record, so the next attempt needs another one.
      state.minted = null
      throw error
    },
  )
}

/** The user would see a session among their devices that no client holds. */
async function forgetUsers(by: Caller, record: SessionRecord, error: unknown): Promise<never> {
  await discard(by, record)
  throw error
}

function taken(): never {
  throw new SessionError('ERR_STORE', 'A new id was taken: the random generator or store is broken.')
}

function toRecord(
  { clock, limits, eras }: Setup,
  { userId, head }: NewRecord,
  { id, secret }: TokenParts,
  data: Texts,
  sealedKey: string | undefined,
): SessionRecord {
  const now = clock()
  const { era } = eras.marker
  const whole: Head = {
    ...head,
    secret: hashSecret(secret),
    secretAt: now,
    ...(sealedKey !== undefined && { sealedKey }),
    ...(era > 0 && { era }),
  }
  const expiresAt = expiryOf({ createdAt: now, lastSeenAt: now, head: whole }, limits)
  return { kind: 'live', id, userId, version: 0, createdAt: now, lastSeenAt: now, expiresAt, head: whole, data }
}
