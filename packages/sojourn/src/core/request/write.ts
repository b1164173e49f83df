import type { SessionRecord } from '../contracts/record.ts'
import type { Change, MaybePromise, Written } from '../contracts/store.ts'
import { expiryOf } from '../contracts/timeouts.ts'
import { define, type Edits, isEmpty, type Texts, withEdits } from '../data/texts.ts'
import { plainVault, type Vault } from '../data/vault.ts'
import { chain } from '../lib/maybe.ts'
import { type Held, withRecord } from './held.ts'
import { ask, type Caller, readNow } from './setup.ts'
import type { State } from './state.ts'

/** Edits in the form of the store. */
export interface StoredEdits {
  readonly set: Texts
  readonly remove: readonly string[]
}

/** Encrypts the edits if the session is sealed. */
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
 * Makes one write of the request's own record. The result is in the return value and in the state. A session that expired while
 * the request ran is gone: other requests have seen that, and nothing may extend it.
 */
export async function writeRecord(state: State, held: Held, edits: Edits, meta: Change = {}): Promise<Written> {
  const { record, vault } = held
  if (!(await isLive(state, record))) return GONE
  const change: Change = isEmpty(edits) ? meta : { ...meta, ...(await toStored(vault, edits)) }
  const written = await ask(state, 'write', (store) => store.write(record.id, change))
  // A handler that did not await a verb may have logged in or out meanwhile, and this is no longer its record.
  if (state.held?.record.id === record.id) state.held = learn(state, state.held, change, written)
  return written
}

/**
 * Whether it has not expired yet. Parallel requests may have moved its limits, so the store is read before it counts as expired.
 */
function isLive(by: Caller, record: SessionRecord): MaybePromise<boolean> {
  const { setup } = by
  const now = setup.clock()
  if (now < expiryOf(record, setup.limits)) return true
  return chain(readNow(by, record.id), (kept) => kept?.kind === 'live' && now < expiryOf(kept, setup.limits))
}

function learn({ setup, openedAt }: State, held: Held, change: Change, written: Written): Held {
  if (written.status === 'written') return { ...held, record: withChange(held.record, change) }
  return written.status === 'conflict' ? withRecord(held, written.record, openedAt, setup.limits) : held
}

/** Returns the record as this process now knows it. Another process may have added to it. */
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
