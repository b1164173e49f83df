import type { HeaderChange, Session, SessionId } from 'sojourn'
import { expect } from 'vitest'
import { type Client, HOUR, MINUTE, setCookiesOf } from './kit.ts'
import { type Data, type Held, type History, LIMITS, type Marked } from './model-history.ts'
import type { Actor } from './model-store.ts'

/** One request: what it was sent with, and how it was received. */
export interface Sent {
  readonly client: Client<Data>
  readonly actor: Actor
  readonly verb: string
  readonly presented: Held | null
  readonly endedBefore: ReadonlySet<SessionId>
  /** When it reached the server. */
  arrivedAt: number
  refused: string | null
}

export function checkOpened(history: History, session: Session<Data>, { arrivedAt, endedBefore }: Sent): void {
  if (session.isNew) {
    expect(session.userId, 'a new session has no user').toBeNull()
    expect(Object.keys(session.data), 'a new session has no data').toEqual([])
    return
  }
  const { id, userId } = session
  const { lastOpened } = history
  expect(endedBefore.has(id), 'ended is ended').toBe(false)
  expect(userId, 'the session’s own user').toBe(history.userOf(id))
  for (const [key, value] of Object.entries(session.data)) {
    if (!Array.isArray(value)) expect([null, userId], `who wrote ${key}`).toContain(value.by)
  }
  const seenAt = Math.max(lastOpened.get(id) ?? 0, history.begunAt(id))
  expect(arrivedAt - history.begunAt(id), 'absolute limit').toBeLessThan(2 * HOUR)
  expect(arrivedAt - seenAt, 'idle limit').toBeLessThan(30 * MINUTE)
  lastOpened.set(id, Math.max(arrivedAt, lastOpened.get(id) ?? 0))
}

const GOOD: readonly unknown[] = ['current', 'renewing', 'successor']

/** The response reaches the client. It must not take a working token away, nor bring one that does not work. */
export function checkReceived(history: History, sent: Sent, headers: readonly HeaderChange[]): void {
  const { client, actor } = sent
  const before = history.verdictOf(client.cookie())
  client.receive(headers)
  if (setCookiesOf(headers).length === 0) return
  const after = history.verdictOf(client.cookie())
  const isTaken = GOOD.includes(before?.verdict) && before?.id !== after?.id
  if (isTaken && isLate(history, sent)) throw new Error(`A late ${sent.verb} took a working token away.`)
  if (after === null) {
    expect(client.cookie(), 'a token or nothing').toBe('')
  } else if (!GOOD.includes(after.verdict)) {
    const isExcused = history.isOvertaken(after.id, actor) || after.verdict === 'expired'
    if (!isExcused) throw new Error(`The client was given a token that is ${after.verdict}.`)
    history.excused.add(after.id)
  }
}

/** A request that came with a token which was replaced moments ago, and that does not mean to change that. */
function isLate({ store }: History, { presented, refused, verb, arrivedAt }: Sent): boolean {
  if (presented === null || verb === 'logout' || verb.startsWith('login')) return false
  if (refused === 'superseded') return true
  const end = store.effects.ended.get(presented.id)
  return refused === 'ended' && end?.reason === 'login' && arrivedAt - end.at < LIMITS.graceMs
}

export async function checkRecords(history: History): Promise<void> {
  const { inner, store, endedForSure, updates } = history
  for (const id of endedForSure) expect((await inner.read(id))?.kind, 'ended stays ended').not.toBe('live')
  for (const [id, { userId }] of store.effects.created) {
    const record = await inner.read(id)
    if (record?.kind !== 'live') continue
    expect(record.userId).toBe(userId)
    if (record.head.sealedKey !== undefined) continue
    const log = JSON.parse(record.data.log ?? '[]') as number[]
    expect(new Set(log).size, 'no update is stored twice').toBe(log.length)
    for (const [key, text] of Object.entries(record.data)) {
      if (key !== 'log') expect([null, userId], 'whose data').toContain((JSON.parse(text) as Marked).by)
    }
    for (const ancestor of history.lineOf(id)) {
      const keys = [...(store.effects.acknowledged.get(ancestor) ?? [])]
      expect(Object.keys(record.data), 'no acknowledged edit is lost').toEqual(expect.arrayContaining(keys))
      expect(log, 'no acknowledged update is lost').toEqual(expect.arrayContaining(updates.get(ancestor) ?? []))
    }
  }
}

export function checkAlarms({ alarms, excused }: History): void {
  for (const [id, raised] of alarms) {
    expect(excused.has(id), 'an alarm over an honest client').toBe(true)
    expect(raised, 'alarms that ended one session').toBeLessThanOrEqual(1)
  }
}

/** The token in the browser's jar works, unless its session ended, expired, or is excused. */
export async function checkJar(history: History, browser: Client<Data>): Promise<void> {
  const { clock, store, lastHandled, excused } = history
  const held = history.verdictOf(browser.cookie())
  if (held === null || excused.has(held.id)) return
  const { session } = await browser.open()
  const idleMs = clock() - (lastHandled.get(held.id) ?? history.begunAt(held.id))
  const mayBeExpired =
    idleMs >= 29 * MINUTE ||
    clock() - history.begunAt(held.id) >= 2 * HOUR ||
    store.effects.touchSkipped.has(held.id) ||
    store.effects.ended.has(held.id)
  if (session.refused === null) {
    const record = await history.inner.read(held.id)
    expect(session.id).toBe(held.id)
    // Sealed or not, all that is stored can be read.
    expect(record?.kind === 'live' && Object.keys(record.data).length).toBe(Object.keys(session.data).length)
    return
  }
  if (session.refused === 'ended') expect(store.effects.ended.has(held.id), 'ended by somebody').toBe(true)
  else if (session.refused === 'expired' || session.refused === 'unknown') {
    expect(mayBeExpired, 'expired in its time').toBe(true)
  } else throw new Error(`The honest client’s token is ${session.refused}.`)
}
