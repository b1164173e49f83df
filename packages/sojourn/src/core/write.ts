import { define, type Edits, isEmpty, type Texts, withEdits } from './draft.ts'
import { ask, type Engine, readNow } from './engine.ts'
import { chain } from './maybe.ts'
import type { SessionRecord } from './record.ts'
import { isStanding, judge } from './secrets.ts'
import type { State } from './state.ts'
import type { Change, MaybePromise, Written } from './store.ts'
import { expiryOf } from './timeouts.ts'
import { hashSecret } from './token.ts'
import { plainVault, type Vault } from './vault.ts'

/** Edits as the store gets them. */
export interface StoredEdits {
  readonly set: Texts
  readonly remove: readonly string[]
}

/** Sealed where the session is. */
export function toStored(vault: Vault, edits: Edits): MaybePromise<StoredEdits> {
  return vault === plainVault ? split(edits) : seal(vault, edits).then(split)
}

function split(edits: Edits): StoredEdits {
  const set: Record<string, string> = {}
  const remove: string[] = []
  for (const [key, text] of Object.entries(edits)) {
    if (text === null) remove.push(key)
    else define(set, key, text)
  }
  return { set, remove }
}

async function seal(vault: Vault, edits: Edits): Promise<Edits> {
  const entries = Object.entries(edits).map(async ([name, text]) => [
    vault.storedKey(name),
    text === null ? null : await vault.toStored(name, text),
  ])
  return Object.fromEntries(await Promise.all(entries))
}

const GONE: Written = { status: 'gone', tombstone: null }

/**
 * One write of the request's own record. What came of it is in the answer, and in the state. A session that expired while
 * the request ran is gone: others were told so, and nothing moves it any more.
 */
export function writeRecord(
  state: State,
  record: SessionRecord,
  edits: Edits,
  meta: Change = {},
): MaybePromise<Written> {
  return chain(isLive(state.engine, record), (live) => (live ? put(state, record, edits, meta) : GONE))
}

/** Whether it has not expired by now. Parallel requests may have moved its limits: before it counts as expired, the store is asked. */
function isLive(engine: Engine, record: SessionRecord): MaybePromise<boolean> {
  const now = engine.clock()
  if (now < expiryOf(record, engine.limits)) return true
  return chain(readNow(engine, record.id), (kept) => kept?.kind === 'live' && now < expiryOf(kept, engine.limits))
}

function put(state: State, record: SessionRecord, edits: Edits, meta: Change): MaybePromise<Written> {
  const { id } = record
  return chain(isEmpty(edits) ? null : toStored(state.vault, edits), (stored) => {
    const change: Change = { ...meta, ...stored }
    return chain(
      ask(state.engine, 'write', (store) => store.write(id, change)),
      (written) => {
        // A handler that did not wait may have logged in or out meanwhile: then this is not its record any more.
        if (state.record?.id === id) learn(state, state.record, change, written)
        return written
      },
    )
  })
}

function learn(state: State, record: SessionRecord, change: Change, written: Written): void {
  if (written.status === 'written') state.record = withChange(record, change)
  if (written.status === 'conflict') {
    state.record = written.record
    state.standing = rejudge(state, written.record)
  }
}

/** The record as this process now knows it: another process may have added to it. */
export function withChange(
  record: SessionRecord,
  { head, seen, set = {}, remove = [], nextVersion }: Change,
): SessionRecord {
  return {
    ...record,
    ...(head !== undefined && nextVersion !== undefined && { head, version: nextVersion }),
    ...(seen !== undefined && { lastSeenAt: seen.at, expiresAt: seen.expiresAt }),
    data: withEdits(record.data, { set, remove }),
  }
}

/** Another request may have renewed or rotated meanwhile. This one was let in rightly and may finish, as what it is now. */
function rejudge({ engine, parts, openedAt }: State, record: SessionRecord): State['standing'] {
  const verdict = parts === null ? null : judge(record, hashSecret(parts.secret), openedAt, engine.limits)
  return verdict !== null && isStanding(verdict) ? verdict : 'outdated'
}
