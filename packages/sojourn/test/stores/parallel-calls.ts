import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { Store } from '../../src/core/contracts/store.ts'
import { dueOf, type Model, type Step, sortById, take } from './model.ts'
import { newNames, scheduleOf, type Turn } from './schedules.ts'

async function ask(store: Store, step: Step): Promise<unknown> {
  if (step.verb === 'read') return store.read(step.id)
  if (step.verb === 'create') return store.create(step.record)
  if (step.verb === 'write') return store.write(step.id, step.change)
  if (step.verb === 'end') return store.end(step.id, step.tombstone)
  return sortById((await store.list(step.userId)) as SessionRecord[])
}

/** Every state in which some order of these steps, one after another, gives these answers: the steps were atomic. */
function explain(model: Model, steps: readonly Step[], answers: readonly unknown[]): Model[] {
  if (steps.length === 0) return [model]
  return steps.flatMap((step, index) => {
    const outcome = take(model, step)
    if (!isDeepStrictEqual(outcome.answer, answers[index])) return []
    const others = <T>(all: readonly T[]): T[] => all.filter((_, place) => place !== index)
    return explain(outcome.model, others(steps), others(answers))
  })
}

async function sweepAs(store: Store, model: Model, now: number, limit: number): Promise<Model> {
  const due = dueOf(model, now)
  const deleted = await store.sweep?.(now, limit)
  expect(deleted, 'swept').toBe(Math.min(limit, due.length))
  const states = await Promise.all(
    model.map(async (value) => ({ value, isThere: (await store.read(value.id)) !== null })),
  )
  const gone = states.filter(({ isThere }) => !isThere).map(({ value }) => value.id)
  expect(gone.length, 'deleted').toBe(deleted)
  for (const id of gone) expect(due).toContain(id)
  return states.filter(({ isThere }) => isThere).map(({ value }) => value)
}

async function follow(store: Store, schedule: readonly Turn[], everything: readonly Step[]): Promise<void> {
  /** More than one while the answers so far leave it open in which order parallel steps were done. */
  let models: Model[] = [[]]
  for (const turn of schedule) {
    if (turn.kind === 'sweep') {
      if (store.sweep === undefined) continue
      models = await Promise.all(models.slice(0, 1).map((model) => sweepAs(store, model, turn.now, turn.limit)))
      continue
    }
    const answers = await Promise.all(turn.steps.map((step) => ask(store, step)))
    const after = models.flatMap((model) => explain(model, turn.steps, answers))
    expect(after.length, `an order that explains ${JSON.stringify({ steps: turn.steps, answers })}`).toBeGreaterThan(0)
    models = await matching(store, after, everything)
  }
}

/** Those of the states that the store is in, judged by reading everything. */
async function matching(store: Store, models: readonly Model[], everything: readonly Step[]): Promise<Model[]> {
  const answers = await Promise.all(everything.map((step) => ask(store, step)))
  const found = models.filter((model) =>
    everything.every((step, index) => isDeepStrictEqual(take(model, step).answer, answers[index])),
  )
  expect(found.length, `a state that reads as ${JSON.stringify(answers)}`).toBeGreaterThan(0)
  return found.slice(0, 1)
}

/** A random schedule of parallel calls of the store gives the answers of some order of them, and leaves its state. */
export function parallelCalls(open: () => Store): fc.IAsyncPropertyWithHooks<[Turn[]]> {
  let store: Store
  const names = newNames()
  const everything: Step[] = [
    ...names.ids.map((id) => ({ verb: 'read', id }) as const),
    ...names.users.map((userId) => ({ verb: 'list', userId }) as const),
  ]
  return fc
    .asyncProperty(scheduleOf(names), (schedule) => follow(store, schedule, everything))
    .beforeEach(() => {
      store = open()
    })
    .afterEach(async () => void (await store.sweep?.(Number.MAX_SAFE_INTEGER, 1000)))
}
