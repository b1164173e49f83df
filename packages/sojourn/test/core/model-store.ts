import { AsyncLocalStorage } from 'node:async_hooks'
import type { Change, MaybePromise, SessionId, Store } from 'sojourn'
import { ERA_ID } from '../../src/core/request/eras.ts'
import type { Operation } from './kit-store.ts'

/** The caller of the store: one request, or an administrator. */
export interface Actor {
  readonly name: string
  /** When the last of its calls about a session took effect, in steps of the whole run. */
  readonly lastSteps: Map<SessionId, number>
}

export const actors = new AsyncLocalStorage<Actor>()

/** A waiting call: before it reaches the store, or after the store answered. */
export interface Waiting {
  readonly operation: Operation | 'travel'
  go(): void
  fail(): void
}

/** The actions of the store, for comparison with the model. */
export interface Effects {
  /** Whose session was created, and when. */
  readonly created: Map<SessionId, { userId: string | null; at: number }>
  /** A head was replaced. */
  readonly headChanged: Map<SessionId, number>
  /** A live record was ended; by whom. */
  readonly ended: Map<SessionId, { step: number; at: number; reason: string; actor: Actor | undefined }>
  /** Data keys whose writing was acknowledged, by session. */
  readonly acknowledged: Map<SessionId, Set<string>>
  /** Sessions of which a last-seen time came too late: another request had replaced the head, or a sweep had come first. */
  readonly touchSkipped: Set<SessionId>
}

/** A store whose every call waits, twice, to be let go in whatever order the test chooses. */
export interface SteppingStore extends Store {
  readonly waiting: Waiting[]
  readonly effects: Effects
  /** Something else that takes its time: the way of a request through the network. */
  travel(): Promise<void>
  /** Calls under way in the real store. */
  busy(): number
  /** Whether calls wait from now on, or go straight through. */
  setStepping(steps: boolean): void
}

export function createSteppingStore(inner: Store): SteppingStore {
  const waiting: Waiting[] = []
  const effects: Effects = {
    created: new Map(),
    headChanged: new Map(),
    ended: new Map(),
    acknowledged: new Map(),
    touchSkipped: new Set(),
  }
  let step = 0
  let underWay = 0
  let isStepping = false

  function stand(operation: Waiting['operation']): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => void waiting.splice(waiting.indexOf(entry), 1)
      const entry: Waiting = {
        operation,
        go() {
          leave()
          resolve()
        },
        fail() {
          leave()
          reject(new Error('injected'))
        },
      }
      waiting.push(entry)
    })
  }

  async function run<T>(
    operation: Operation,
    id: SessionId | null,
    perform: () => MaybePromise<T>,
    done: (answer: T, actor: Actor | undefined) => void = () => {},
  ): Promise<T> {
    const actor = actors.getStore()
    if (isStepping) await stand(operation)
    underWay++
    try {
      const answer = await perform()
      step++
      if (id !== null) actor?.lastSteps.set(id, step)
      done(answer, actor)
      underWay--
      if (isStepping) await stand(operation)
      return answer
    } catch (error) {
      if (!(error instanceof Error && error.message === 'injected')) underWay--
      throw error
    }
  }

  function acknowledge(id: SessionId, set: Readonly<Record<string, string>> = {}): void {
    const keys = effects.acknowledged.get(id) ?? new Set()
    for (const key of Object.keys(set)) keys.add(key)
    effects.acknowledged.set(id, keys)
  }

  async function noteTouch(id: SessionId, { seen, version }: Change): Promise<void> {
    const kept = await inner.read(id)
    if (seen !== undefined && kept?.kind === 'live' && kept.version !== version) effects.touchSkipped.add(id)
  }

  return {
    name: inner.name,
    waiting,
    effects,
    travel: () => (isStepping ? stand('travel') : Promise.resolve()),
    busy: () => underWay,
    setStepping(steps) {
      isStepping = steps
    },
    // The marker of `endAll` is no part of what a request does.
    read: (id) => (id === ERA_ID ? inner.read(id) : run('read', id, () => inner.read(id))),
    list: (userId) => run('list', null, () => inner.list(userId)),
    sweep: (now, limit) => run('sweep', null, () => inner.sweep?.(now, limit) ?? 0),
    close: () => inner.close(),
    async create(record) {
      const isCreated = await run(
        'create',
        record.id,
        () => inner.create(record),
        (done) => void (done && effects.created.set(record.id, { userId: record.userId, at: record.createdAt })),
      )
      if (isCreated) acknowledge(record.id, record.data)
      return isCreated
    },
    async write(id, change) {
      const perform = async () => {
        await noteTouch(id, change)
        return inner.write(id, change)
      }
      const written = await run('write', id, perform, ({ status }) => {
        if (status === 'gone') effects.touchSkipped.add(id)
        if (status === 'written' && change.head !== undefined) effects.headChanged.set(id, step)
      })
      if (written.status === 'written') acknowledge(id, change.set)
      return written
    },
    end: (id, tombstone) =>
      run(
        'end',
        id,
        () => inner.end(id, tombstone),
        (last, actor) => {
          if (last !== null) effects.ended.set(id, { step, at: tombstone.endedAt, reason: tombstone.reason, actor })
        },
      ),
  }
}
