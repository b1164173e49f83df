import { define, type Edits, isEmpty, type Texts, withEdits } from './draft.ts'
import { ask } from './engine.ts'
import type { SessionRecord } from './record.ts'
import { isStanding, judge } from './secrets.ts'
import type { State } from './state.ts'
import type { Change, Written } from './store.ts'
import { hashSecret } from './token.ts'
import type { Vault } from './vault.ts'

/** Edits as the store gets them: sealed where the session is. */
export async function toStored(vault: Vault, edits: Edits): Promise<{ set: Texts; remove: readonly string[] }> {
  const set: Record<string, string> = {}
  const remove: string[] = []
  for (const [name, text] of Object.entries(edits)) {
    const key = vault.storedKey(name)
    if (text === null) remove.push(key)
    else define(set, key, await vault.toStored(name, text))
  }
  return { set, remove }
}

/** One write of the request's own record. What came of it is in the answer, and in the state. */
export async function writeRecord(
  state: State,
  record: SessionRecord,
  edits: Edits,
  meta: Change = {},
): Promise<Written> {
  const change: Change = isEmpty(edits) ? meta : { ...meta, ...(await toStored(state.vault, edits)) }
  const written = await ask(state.engine, 'write', (store) => store.write(record.id, change))
  // A handler that did not wait may have logged in or out meanwhile: then this is not its record any more.
  if (state.record?.id !== record.id) return written
  if (written.status === 'written') state.record = withChange(state.record, change)
  if (written.status === 'conflict') {
    state.record = written.record
    state.standing = rejudge(state, written.record)
  }
  return written
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
