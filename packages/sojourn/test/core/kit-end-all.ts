import type { MaybePromise, Sessions, Store } from 'sojourn'
import { afterEach, beforeEach, vi } from 'vitest'
import { ERA_ID, LEASE_MS } from '../../src/core/request/eras.ts'
import { type Client, type Clock, createClient, type TestData, type World } from './kit.ts'

/** Longer than `endAll` waits. */
export const WAIT = LEASE_MS * 1.1

/** Lets tests decide when time passes on this machine. */
export function useTime(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())
}

/** Time passes for the clock of the application and for the machine. */
export async function pass({ clock }: { readonly clock: Clock }, ms: number): Promise<void> {
  clock.advance(ms)
  await vi.advanceTimersByTimeAsync(ms)
}

/** Resolves with what `removed` resolves with. */
export async function endAll(
  world: World<TestData>,
  sessions: Sessions<TestData> = world.sessions,
  reason = 'breach',
): Promise<number> {
  const done = sessions.endAll({ reason })
  done.catch(() => {})
  await pass(world, WAIT)
  const { removed } = await done
  await vi.advanceTimersByTimeAsync(10)
  return removed
}

/** The same browser, at another server. */
export function at(sessions: Sessions<TestData>, { jar }: Client<TestData>): Client<TestData> {
  const client = createClient(sessions)
  for (const [key, value] of jar) client.jar.set(key, value)
  return client
}

export async function whoIs(client: Client<TestData>): Promise<string | null> {
  const { session } = await client.open()
  return session.refused ?? session.userId
}

export async function login(sessions: Sessions<TestData>, user = 'ada'): Promise<Client<TestData>> {
  const client = createClient(sessions)
  await client.send((session) => session.login(user))
  return client
}

type Verb = 'read' | 'create' | 'write'

/**
 * A store whose calls about the marker of `endAll` a test can count and disturb. It cannot enumerate, so the records stay live, and
 * only the marker ends them.
 */
export interface MarkedStore extends Store {
  /** Calls about the marker so far. */
  readonly calls: Verb[]
  /** Runs before each call about the marker. */
  before: (verb: Verb) => MaybePromise<void>
}

export function markedStore({ scan: _, ...inner }: Store): MarkedStore {
  async function about<T>(verb: Verb, work: () => MaybePromise<T>): Promise<T> {
    store.calls.push(verb)
    await store.before(verb)
    return work()
  }
  const store: MarkedStore = {
    ...inner,
    calls: [],
    before() {},
    read: (id) => (id === ERA_ID ? about('read', () => inner.read(id)) : inner.read(id)),
    create: (record) => (record.id === ERA_ID ? about('create', () => inner.create(record)) : inner.create(record)),
    write: (id, change) => (id === ERA_ID ? about('write', () => inner.write(id, change)) : inner.write(id, change)),
  }
  return store
}
