import type { MaybePromise, Store } from 'sojourn'
import { ERA_ID } from '../../src/core/request/eras.ts'

export type Operation = 'read' | 'create' | 'write' | 'end' | 'list' | 'sweep' | 'close'

export interface Call {
  readonly operation: Operation
  readonly args: readonly unknown[]
}

/** A call of the store that waits until the test releases it. */
export interface Gate {
  readonly reached: Promise<void>
  release(): void
}

/** `before`: the store has not heard of the call yet. `after`: the store has done it, and the answer is on its way. */
export type When = 'before' | 'after'

/** Another store, and the means to make its calls slow or fail at chosen points. */
export interface HookedStore extends Store {
  sweep(now: number, limit: number): MaybePromise<number>
  readonly calls: Call[]
  count(operation: Operation): number
  /** Holds the next call of this operation. */
  hold(operation: Operation, when?: When): Gate
  /** Lets the next calls of this operation reject; `after` the store did what it was asked, the answer is lost. */
  fail(operation: Operation, options?: { times?: number; when?: When; error?: unknown }): void
  /** Does something else in place of the next call. */
  replace(operation: Operation, answer: (...args: never[]) => unknown): void
}

interface Plan {
  readonly operation: Operation
  left: number
  run(perform: () => unknown, args: readonly unknown[]): unknown
}

export function hookStore(inner: Store): HookedStore {
  const calls: Call[] = []
  const plans: Plan[] = []

  function run<T>(operation: Operation, args: readonly unknown[], perform: () => MaybePromise<T>): MaybePromise<T> {
    // Core reads the marker of `endAll` now and then. It is no part of what a request does.
    if (args[0] === ERA_ID) return perform()
    calls.push({ operation, args })
    const plan = plans.find((candidate) => candidate.operation === operation && candidate.left > 0)
    if (plan === undefined) return perform()
    plan.left--
    return plan.run(perform, args) as MaybePromise<T>
  }

  return {
    name: inner.name,
    calls,
    count: (operation) => calls.filter((call) => call.operation === operation).length,
    hold(operation, when = 'before') {
      let release = (): void => {}
      let reach = (): void => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const reached = new Promise<void>((resolve) => {
        reach = resolve
      })
      plans.push({
        operation,
        left: 1,
        async run(perform) {
          const early = when === 'after' ? await perform() : undefined
          reach()
          await released
          return when === 'after' ? early : perform()
        },
      })
      return { reached, release }
    },
    fail(operation, { times = 1, when = 'before', error = new Error('connection reset') } = {}) {
      plans.push({
        operation,
        left: times,
        async run(perform) {
          if (when === 'after') await perform()
          throw error
        },
      })
    },
    replace(operation, answer) {
      plans.push({ operation, left: 1, run: (_, args) => (answer as (...args: unknown[]) => unknown)(...args) })
    },
    read: (id) => run('read', [id], () => inner.read(id)),
    create: (record) => run('create', [record], () => inner.create(record)),
    write: (id, change) => run('write', [id, change], () => inner.write(id, change)),
    end: (id, tombstone) => run('end', [id, tombstone], () => inner.end(id, tombstone)),
    list: (userId) => run('list', [userId], () => inner.list(userId)),
    sweep: (now, limit) => run('sweep', [now, limit], () => inner.sweep?.(now, limit) ?? 0),
    scan: (cursor, limit) => inner.scan?.(cursor, limit) ?? { values: [], next: null },
    close: () => run('close', [], () => inner.close()),
  }
}
