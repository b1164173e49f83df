import { assertUserId, checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { JsonValue } from '../contracts/json.ts'
import type { DamagedRecord, EndReason, SessionRecord } from '../contracts/record.ts'
import type { SessionInfo } from '../contracts/session.ts'
import type { ExportedSession, UserExport } from '../contracts/sessions.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { flashTexts, parseTexts, type Texts, userTexts } from '../data/texts.ts'
import { isOwn } from '../token/once.ts'
import { isLive, isSessionId } from '../token/token.ts'
import { ask, type Caller } from './caller.ts'
import { endSession, orDamaged } from './end-session.ts'
import { liveOf, proofOf, toInfo } from './infos.ts'
import { notesIn } from './notes.ts'
import type { Setup } from './setup.ts'

export async function list(by: Caller, userId: string): Promise<SessionInfo[]> {
  return liveOf(by.setup, await keptOf(by, userId)).map((record) => toInfo(by.setup, record))
}

/** Returns the user's sessions, with this one marked. */
export async function devicesOf(by: Caller, { id, userId }: SessionRecord): Promise<SessionInfo[]> {
  const infos = userId === null ? [] : await list(by, userId)
  return infos.map((info) => ({ ...info, current: info.id === id }))
}

export async function revoke(by: Caller, id: string, reason: EndReason): Promise<boolean> {
  checkArgument(id, 'string', 'id')
  if (!isSessionId(id)) return false
  const kept = await orDamaged(id, () => ask(by, 'read', id))
  if (kept === null || kept.kind === 'ended' || (kept.kind === 'live' && isOwn(id, kept.userId))) return false
  const last = await endSession(by, kept, reason)
  return last !== null && (kept.kind === 'damaged' || isLive(kept, by.setup.clock(), by.setup.limits))
}

/** Ends every session that existed when the call began. Resolves to the number of live ones; damaged records are not counted. */
export function revokeAll(by: Caller, userId: string, reason: EndReason, except?: string): Promise<number> {
  return eachOf(by, userId, (record) => endSession(by, record, reason, userId), except)
}

/** Does this with each session of the user but `except`. Resolves to the number of live ones with which it was done: `work` returned no `null`. */
export async function eachOf(
  by: Caller,
  userId: string,
  work: (record: Kept) => MaybePromise<Kept | null>,
  except?: string,
): Promise<number> {
  const records = (await keptOf(by, userId)).filter(({ id }) => id !== except)
  const live = new Set<Kept>(liveOf(by.setup, records))
  let count = 0
  await forEach(records, async (record) => {
    if ((await work(record)) !== null && live.has(record)) count++
  })
  return count
}

/** How many store calls one call of ours runs in parallel, so that requests of other users are served too. */
const AT_ONCE = 50

/**
 * Continues after an error, and throws the first error at the end, with the number of sessions that are left. Stops when as many
 * calls in a row failed as run in parallel: the store is down then, and each of 100 000 calls may take as long to fail as a
 * request may wait.
 */
export async function forEach<T extends Kept>(
  records: readonly T[],
  work: (record: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  let [next, done, inARow] = [0, 0, 0]
  const worker = async (): Promise<void> => {
    for (let record = records[next++]; record !== undefined && inARow < AT_ONCE; record = records[next++]) {
      try {
        await work(record)
        done++
        inARow = 0
      } catch (error) {
        failures.push(error)
        inARow++
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  if (done === records.length) return
  const [first] = failures
  const code = first instanceof SessionError ? first.code : 'ERR_STORE'
  throw new SessionError(
    code,
    `${records.length - done} of ${records.length} sessions may still be live. Try again.`,
    first,
  )
}

/** Also ends what a login that was on its way stored meanwhile. */
export async function erase(by: Caller, userId: string): Promise<number> {
  const count = await revokeAll(by, userId, 'erased')
  return count === 0 ? 0 : count + (await erase(by, userId))
}

export async function exportUser(by: Caller, userId: string): Promise<UserExport> {
  const kept = await keptOf(by, userId)
  return {
    userId,
    exportedAt: new Date(by.setup.clock()).toISOString(),
    // What has expired, or was ended by `endAll`, is held until it is deleted.
    sessions: kept.flatMap((one) => (one.kind === 'live' ? [toExported(by.setup, one)] : [])),
  }
}

export type Kept = SessionRecord | DamagedRecord

async function keptOf(by: Caller, userId: string): Promise<readonly Kept[]> {
  assertUserId(userId)
  const kept = await ask(by, 'list', userId)
  return kept.filter(({ id }) => !isOwn(id, userId))
}

function toExported(setup: Setup, record: SessionRecord): ExportedSession {
  const { head, data } = record
  const { id, createdAt, lastSeenAt, expiresAt, device } = toInfo(setup, record)
  // A proof that a guard distrusts is held too.
  const { distrustedAt: _, ...held } = head
  const { authenticatedAt, methods, assurance } = proofOf(held)
  const isSealed = head.sealedKey !== undefined
  return {
    id,
    createdAt: createdAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    authenticatedAt: authenticatedAt?.toISOString() ?? null,
    methods,
    assurance,
    device,
    data: isSealed ? null : toJson(userTexts(data)),
    flash: isSealed ? null : toJson(flashTexts(data)),
    notes: isSealed ? null : pick(notesIn(data), setup.shownNotes),
  }
}

function toJson(texts: Readonly<Record<string, string>>): Record<string, JsonValue> {
  return parseTexts(texts).values as Record<string, JsonValue>
}

/** A note may hold a secret, such as the offer of a binding, which must not reach whoever has a copy of the cookie. */
function pick(notes: Texts, names: readonly string[]): Texts {
  return Object.fromEntries(Object.entries(notes).filter(([name]) => names.includes(name)))
}
