import type { SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { Change } from '../../src/core/contracts/store.ts'
import type { State } from '../../src/core/request/state.ts'
import { nameOf, type Stage, setupOf } from './stage.ts'
import type { Answer, Kept, World } from './world.ts'

/** A way to break the protocol, between core and the model. Omitted members work correctly. */
export interface Flaw {
  /** A record that a write finds although it ended. */
  readonly revive?: (id: SessionId) => Kept | undefined
  /** The values that the store compares. */
  readonly change?: (record: SessionRecord, change: Change) => Change
  /** The values that the store keeps. */
  readonly stored?: (old: SessionRecord, next: SessionRecord) => SessionRecord
  /** Whether an end is ignored. */
  readonly keeps?: (stage: Stage, record: SessionRecord, tombstone: Tombstone) => boolean
  /** Whether an end leaves no tombstone. */
  readonly buries?: (record: SessionRecord) => boolean
  /** Core cannot ask a near cache again. */
  readonly lacksReadNow?: true
  /** The response to the browser. */
  readonly answer?: (state: State, answer: Answer) => Answer
  /** Handlers see the time at which their request began. */
  readonly staleClock?: true
  /** After each step. */
  readonly after?: (stage: Stage) => World
}

export const NO_FLAW: Flaw = {}

export const clearsDeadCookies: Flaw = {
  answer: (state, answer) => (answer === null && state.refused !== null && state.held === null ? 'clear' : answer),
}

/** As stores do that set and delete: a late write puts back what was deleted. */
export function withoutTombstones(): Flaw {
  const deleted = new Map<SessionId, SessionRecord>()
  return {
    buries: (record) => deleted.set(record.id, record).size > 0,
    revive: (id) => deleted.get(id),
  }
}

export const withoutCompare: Flaw = { change: (record, change) => ({ ...change, version: record.version }) }

/** A login ends the session it replaces only when the token presented is still good for it. */
export const loginLeavesSuperseded: Flaw = {
  keeps(stage, { head }, { reason }) {
    if (reason !== 'login' || stage.token === null) return false
    const { hash } = nameOf(setupOf(stage), stage.token)
    return hash !== head.secret && hash !== head.renewal?.next
  },
}

/** The first use of an old token ends the session. */
export const endsAtOnce: Flaw = {
  after(stage) {
    const { world, told } = stage
    const used = told.find(({ type, ended }) => type === 'reuse' && !ended)
    const found = used === undefined ? undefined : world.records.get(used.id)
    if (found?.kind !== 'live') return world
    const endedAt = setupOf(stage).clock()
    const tombstone: Tombstone = { kind: 'ended', id: found.id, reason: 'reused', endedAt, expiresAt: found.expiresAt }
    return { ...world, records: new Map(world.records).set(found.id, tombstone) }
  },
}

export const neverEnds: Flaw = { keeps: (_stage, _record, { reason }) => reason === 'reused' }

/** Head by head a number more, the same on both sides of a failover. */
export const countsVersions: Flaw = {
  change: ({ version }, change) => (change.head === undefined ? change : { ...change, nextVersion: version + 1 }),
}

/** Secrets that were replaced stay good for longer than the grace. */
export const longGrace: Flaw = {
  stored: (_, next) => withPrevious(next, (one) => ({ ...one, until: one.until + 3000 })),
}

/** Rotation lets the old secret live on, as renewal does. */
export const rotationWithGrace: Flaw = {
  stored: (_, next) => withPrevious(next, (one) => ({ ...one, how: 'renewed' })),
}

function withPrevious(
  record: SessionRecord,
  edit: (one: NonNullable<SessionRecord['head']['previous']>[number]) => typeof one,
): SessionRecord {
  const { previous } = record.head
  return previous === undefined ? record : { ...record, head: { ...record.head, previous: previous.map(edit) } }
}

export const handlersWithStaleClock: Flaw = { staleClock: true }
export const nearCacheWithoutReadNow: Flaw = { lacksReadNow: true }
