import type { SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { Change, Written } from '../../src/core/contracts/store.ts'

/** Entries in the order they were first set: nothing of how the stores do it. */
type Entries = (readonly [string, string])[]

interface ModelRecord extends Omit<SessionRecord, 'data'> {
  readonly data: Entries
}

/**
 * The simplest model of a store: an immutable value. Each step returns a new one, so a test can go back and try another order.
 * Compare it with the contract, not with the code.
 */
export type Model = readonly (ModelRecord | Tombstone)[]

export type Step =
  | { readonly verb: 'read'; readonly id: SessionId }
  | { readonly verb: 'create'; readonly record: SessionRecord }
  | { readonly verb: 'write'; readonly id: SessionId; readonly change: Change }
  | { readonly verb: 'end'; readonly id: SessionId; readonly tombstone: Tombstone }
  | { readonly verb: 'list'; readonly userId: string }

export interface Outcome {
  readonly model: Model
  readonly answer: unknown
}

export function take(model: Model, step: Step): Outcome {
  if (step.verb === 'list') return { model, answer: listOf(model, step.userId) }
  const id = step.verb === 'create' ? step.record.id : step.id
  const found = model.find((value) => value.id === id) ?? null
  const others = model.filter((value) => value.id !== id)
  if (step.verb === 'read') return { model, answer: found === null ? null : toValue(found) }
  if (step.verb === 'create') {
    if (found !== null) return { model, answer: false }
    return { model: [...others, { ...step.record, data: Object.entries(step.record.data) }], answer: true }
  }
  if (step.verb === 'end') {
    if (found?.kind !== 'live') return { model, answer: null }
    return { model: [...others, step.tombstone], answer: toValue(found) }
  }
  if (found?.kind !== 'live') return { model, answer: { status: 'gone', tombstone: found } satisfies Written }
  const next = change(found, step.change)
  if (next === 'conflict') return { model, answer: { status: 'conflict', record: toValue(found) } }
  return { model: [...others, next], answer: { status: 'written' } satisfies Written }
}

/** The records that have expired by then. */
export function dueOf(model: Model, now: number): SessionId[] {
  return model.filter(({ expiresAt }) => !(expiresAt > now)).map(({ id }) => id)
}

function listOf(model: Model, userId: string): unknown[] {
  const mine = model.filter((value) => value.kind === 'live' && value.userId === userId)
  return sortById(mine.map(toValue))
}

export function sortById<T extends { readonly id: string }>(values: readonly T[]): T[] {
  return [...values].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function toValue(value: ModelRecord | Tombstone): SessionRecord | Tombstone {
  return value.kind === 'ended' ? value : { ...value, data: Object.fromEntries(value.data) }
}

function change(record: ModelRecord, asked: Change): ModelRecord | 'conflict' {
  if (asked.expect !== undefined) {
    const { key, text } = asked.expect
    const held = record.data.find(([name]) => name === key)
    if (text === null ? held !== undefined : held?.[1] !== text) return 'conflict'
  }
  if ((asked.head ?? asked.seen) !== undefined && asked.version !== record.version) return 'conflict'
  let next = record
  const set = Object.entries(asked.set ?? {})
  const untouched = next.data.filter(([name]) => !set.some(([other]) => other === name))
  next = { ...next, data: [...untouched, ...set].filter(([name]) => !asked.remove?.includes(name)) }
  if (asked.seen !== undefined && record.lastSeenAt <= asked.seen.at) {
    next = { ...next, lastSeenAt: asked.seen.at, expiresAt: asked.seen.expiresAt }
  }
  if (asked.head !== undefined) next = { ...next, head: asked.head, version: asked.nextVersion ?? record.version }
  return next
}
