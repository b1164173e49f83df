import { define, type Edits, isEmpty, type Texts, withEdits } from './draft.ts'
import { ask } from './engine.ts'
import { chain } from './maybe.ts'
import type { SessionRecord } from './record.ts'
import { isStanding, judge } from './secrets.ts'
import type { State } from './state.ts'
import type { Change, MaybePromise, Written } from './store.ts'
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

/** One write of the request's own record. What came of it is in the answer, and in the state. */
export function writeRecord(
  state: State,
  record: SessionRecord,
  edits: Edits,
  meta: Change = {},
): MaybePromise<Written> {
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
function withChange(record: SessionRecord, { head, seen, set = {}, remove = [], version }: Change): SessionRecord {
  return {
    ...record,
    ...(head !== undefined && version !== undefined && { head, version: version + 1 }),
    ...(seen !== undefined && { lastSeenAt: seen.at, expiresAt: seen.expiresAt }),
    data: withEdits(record.data, { set, remove }),
  }
}

/** Another request may have renewed or rotated meanwhile. This one was let in rightly and may finish, as what it is now. */
function rejudge({ engine, parts, openedAt }: State, record: SessionRecord): State['standing'] {
  const verdict = parts === null ? null : judge(record, hashSecret(parts.secret), openedAt, engine.limits)
  return verdict !== null && isStanding(verdict) ? verdict : 'outdated'
}
