import { createSessions, type Store } from 'sojourn'
import { expect } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { Change, Written } from '../../src/core/contracts/store.ts'
import { createClient } from '../core/kit.ts'
import { anId, aRecord, aTombstone, MINUTE, NOW } from './records.ts'

/** A store whose driver may send a request again by itself when the answer did not come. */
export interface LossyStore {
  readonly store: Store
  /** The same data over a connection that loses nothing. */
  readonly straight: Store
  /** The server does the next request that changes a record, and its answer is lost. */
  loseNext(): void
}

export interface LostAnswerCase {
  readonly name: string
  run(lossy: LossyStore): Promise<void>
}

/** The result of a call: its answer, or `'ERR_STORE'`. A lost answer must cause no other error. */
async function outcome<T>(call: T | Promise<T>): Promise<T | 'ERR_STORE'> {
  try {
    return await call
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_STORE', status: 503 })
    return 'ERR_STORE'
  }
}

/** The driver is connected again. */
async function isBack({ store }: LossyStore): Promise<void> {
  await expect.poll(async () => store.read(anId()), { timeout: 20_000 }).toBeNull()
}

/** Every server gets every script, and the driver every connection, before an answer is lost. */
async function warmUp(lossy: LossyStore): Promise<void> {
  const { store } = lossy
  await isBack(lossy)
  const records = Array.from({ length: 20 }, () => aRecord({ userId: anId() }))
  for (const record of records) {
    await store.create(record)
    await store.write(record.id, { set: { n: '1' } })
    await store.end(record.id, aTombstone(record))
  }
}

async function begin(lossy: LossyStore): Promise<SessionRecord> {
  await warmUp(lossy)
  const record = aRecord({ userId: `user ${anId()}`, data: { n: '0', m: '0' } })
  expect(await lossy.store.create(record)).toBe(true)
  return record
}

/** Loses the answer to this change. It must be told as done, or as a fault, and be done once. */
async function loseWrite(lossy: LossyStore, record: SessionRecord, change: Change): Promise<SessionRecord> {
  lossy.loseNext()
  const written = await outcome<Written>(lossy.store.write(record.id, change))
  expect(written === 'ERR_STORE' ? written : written.status).toMatch(/^(?:ERR_STORE|written)$/)
  const kept = await lossy.straight.read(record.id)
  if (kept?.kind !== 'live') throw new Error('The record is gone.')
  return kept
}

/** A fresh head, as a renewal or a rotation writes one. */
const aHead = (): SessionRecord['head'] => ({ ...aRecord().head, secretAt: NOW + MINUTE })

/**
 * Each verb, when its answer is lost after the server did it. A driver that sends again must not make it happen twice, and
 * what the second copy finds must not be taken for somebody else's doing: no conflict, no `false`, no `null`.
 */
export const lostAnswerCases: readonly LostAnswerCase[] = [
  {
    name: 'create: the session is there, or the call fails and the session is taken back or expires',
    async run(lossy) {
      await warmUp(lossy)
      const record = aRecord({ userId: `user ${anId()}`, data: { n: '0' } })
      lossy.loseNext()
      const created = await outcome<boolean>(lossy.store.create(record))
      expect(created).not.toBe(false)
      if (created === 'ERR_STORE') return
      expect(await lossy.straight.read(record.id)).toEqual(record)
      expect(await lossy.straight.list(record.userId ?? '')).toEqual([record])
    },
  },
  {
    name: 'a plain write is done once',
    async run(lossy) {
      const kept = await loseWrite(lossy, await begin(lossy), { set: { n: '1' }, remove: ['m'] })
      expect(kept.data).toEqual({ n: '1' })
    },
  },
  {
    name: 'a write that expects a text is no conflict with itself',
    async run(lossy) {
      const kept = await loseWrite(lossy, await begin(lossy), { set: { n: '1' }, expect: { key: 'n', text: '0' } })
      expect(kept.data).toEqual({ n: '1', m: '0' })
    },
  },
  {
    name: 'a write of the head is no conflict with itself, and raises the version once',
    async run(lossy) {
      const record = await begin(lossy)
      const head = aHead()
      const kept = await loseWrite(lossy, record, { version: 0, nextVersion: 3, head, set: { n: '1' } })
      expect(kept).toMatchObject({ version: 3, head, data: { n: '1' } })
    },
  },
  {
    name: 'a touch is done',
    async run(lossy) {
      const record = await begin(lossy)
      const seen = { at: NOW + MINUTE, expiresAt: record.expiresAt + MINUTE }
      const kept = await loseWrite(lossy, record, { version: 0, seen })
      expect(kept).toMatchObject({ lastSeenAt: seen.at, expiresAt: seen.expiresAt })
    },
  },
  {
    name: 'end answers with the record or fails: never with null, for it is this call that ended the session',
    async run(lossy) {
      const record = await begin(lossy)
      lossy.loseNext()
      const last = await outcome(lossy.store.end(record.id, aTombstone(record)))
      expect(last).toEqual(last === 'ERR_STORE' ? last : record)
      expect(await lossy.straight.read(record.id)).toEqual(aTombstone(record))
    },
  },
  {
    name: 'session.update counts once',
    async run(lossy) {
      const { client } = await loggedIn(lossy)
      const stored = await outcome(
        client.send(async (session) => {
          lossy.loseNext()
          return session.update('credit', (credit) => Number(credit) - 10)
        }),
      )
      await isBack(lossy)
      const { value } = await client.send((session) => session.data.credit)
      expect(value).toBe(90)
      expect(stored === 'ERR_STORE' || stored.value === 90).toBe(true)
    },
  },
  {
    name: 'revoke never answers false for a session that it ended',
    async run(lossy) {
      const { sessions, id } = await loggedIn(lossy)
      lossy.loseNext()
      expect(await outcome(sessions.revoke(id))).not.toBe(false)
      expect(await lossy.straight.read(id)).toMatchObject({ kind: 'ended', reason: 'revoked' })
    },
  },
  {
    name: 'a login that ends the session before it loses no edit of a parallel request in silence',
    async run(lossy) {
      const { client, id } = await loggedIn(lossy)
      const exchange = await client.open()
      await lossy.straight.write(id, { set: { cart: '["lamp"]' } })
      const end = lossy.store.end.bind(lossy.store)
      lossy.store.end = (...args) => {
        lossy.loseNext()
        lossy.store.end = end
        return end(...args)
      }
      const done = await outcome(exchange.session.login('ada').then(() => 'done'))
      expect(done === 'ERR_STORE' || exchange.session.data.cart).toEqual(done === 'ERR_STORE' ? true : ['lamp'])
      await exchange.finish()
    },
  },
]

interface Shop {
  credit?: number
  cart?: string[]
}

async function loggedIn(lossy: LossyStore) {
  await warmUp(lossy)
  const { store } = lossy
  const sessions = createSessions<Shop>({ store, clock: () => NOW, timeouts: { touch: '1m' } })
  const client = createClient(sessions)
  const { value } = await client.send(async (session) => {
    await session.login('ada')
    await session.update('credit', () => 100)
    return session.id
  })
  if (value === null) throw new Error('no session')
  return { sessions, client, id: value as SessionRecord['id'] }
}
