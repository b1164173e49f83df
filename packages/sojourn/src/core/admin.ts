import { orDamaged } from './damaged.ts'
import { flashTexts, userTexts } from './data.ts'
import { parseTexts } from './draft.ts'
import { endDamaged, endSession } from './ending.ts'
import { ask, type Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import { deviceOf, liveOf, toInfos } from './infos.ts'
import type { JsonValue } from './json.ts'
import type { DamagedRecord, EndReason, SessionRecord } from './record.ts'
import type { SessionInfo } from './session.ts'
import type { ExportedSession, UserExport } from './sessions.ts'
import { expiryOf } from './timeouts.ts'
import { isSessionId } from './token.ts'

export async function list(engine: Engine, userId: string): Promise<SessionInfo[]> {
  return toInfos(engine, await recordsOf(engine, userId))
}

export async function revoke(engine: Engine, id: string, reason: EndReason): Promise<boolean> {
  if (!isSessionId(id)) return false
  const kept = await orDamaged(id, () => ask(engine, 'read', (store) => store.read(id)))
  if (kept === null || kept.kind === 'ended') return false
  if (kept.kind === 'damaged') return endDamaged(engine, kept, null, reason)
  return (await endSession(engine, kept, reason)) !== null && engine.clock() < expiryOf(kept, engine.limits)
}

/** Every session that was there when the call began is ended when it resolves. Answers how many were live; what cannot be read is not counted. */
export async function revokeAll(engine: Engine, userId: string, reason: EndReason, except?: string): Promise<number> {
  const records = (await keptOf(engine, userId)).filter(({ id }) => id !== except)
  const live = new Set(liveOf(engine, records.filter(isReadable)))
  let ended = 0
  await forEach(records, async (record) => {
    if (!isReadable(record)) await endDamaged(engine, record, userId, reason)
    else if ((await endSession(engine, record, reason)) !== null && live.has(record)) ended++
  })
  return ended
}

/** How many calls of the store one call of ours has under way: another user's requests need it too. */
const AT_ONCE = 50

/**
 * Goes on after an error and throws the first one at the end, with how many are left. Gives up when as many in a row
 * failed as are under way: then the store is down, and each of 100 000 may take as long to fail as a request may wait.
 */
async function forEach(records: readonly Kept[], work: (record: Kept) => Promise<void>): Promise<void> {
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

export async function exportUser(engine: Engine, userId: string): Promise<UserExport> {
  const records = await recordsOf(engine, userId)
  return {
    userId,
    exportedAt: toIso(engine.clock()),
    sessions: records.map((record) => toExported(engine, record)),
  }
}

type Kept = SessionRecord | DamagedRecord

function isReadable(record: Kept): record is SessionRecord {
  return record.kind === 'live'
}

async function keptOf(engine: Engine, userId: string): Promise<readonly Kept[]> {
  assertUserId(userId)
  return ask(engine, 'list', (store) => store.list(userId))
}

async function recordsOf(engine: Engine, userId: string): Promise<readonly SessionRecord[]> {
  return (await keptOf(engine, userId)).filter(isReadable)
}

/** With a number, most stores find nobody, and the account would stay logged in without a word. */
export function assertUserId(userId: unknown): void {
  if (typeof userId === 'string' && userId !== '') return
  throw new SessionError('ERR_OPTION', 'A user id is a string that is not empty. Pass the one that login was given.')
}

function toExported(engine: Engine, record: SessionRecord): ExportedSession {
  const { id, head, data } = record
  const isSealed = head.sealedKey !== undefined
  return {
    id,
    createdAt: toIso(record.createdAt),
    lastSeenAt: toIso(record.lastSeenAt),
    expiresAt: toIso(expiryOf(record, engine.limits)),
    authenticatedAt: head.authenticatedAt === undefined ? null : toIso(head.authenticatedAt),
    methods: head.methods ?? [],
    assurance: head.assurance ?? null,
    device: deviceOf(engine, record),
    data: isSealed ? null : toJson(userTexts(data)),
    flash: isSealed ? null : toJson(flashTexts(data)),
  }
}

function toJson(texts: Readonly<Record<string, string>>): Record<string, JsonValue> {
  return parseTexts(texts).values as Record<string, JsonValue>
}

function toIso(ms: number): string {
  return new Date(ms).toISOString()
}
