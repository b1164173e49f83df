import { createSessions, type MaybePromise, type Session, type Sessions } from 'sojourn'
import * as next from 'sojourn/next'

type TestData = Record<string, unknown>

/** What a test hands to the application that it starts: its own sessions, and the adapter as the test loads it. */
export interface Shared {
  readonly next: typeof next
  sessions: Sessions<TestData>
  /** The route handler of all paths without a page. */
  handle: (session: Session<TestData>, request: { method: string; url: string }) => MaybePromise<Response>
  /** The component of the page `/hook`. */
  render: (session: next.ReadonlySession<TestData>) => MaybePromise<string>
  /** The server action of the form on that page. */
  act: (session: Session<TestData>, form: FormData) => MaybePromise<void>
  /** In its place: an action that is not wrapped, and may call wrapped ones. */
  plain: (() => MaybePromise<void>) | null
}

const KEY = Symbol.for('sojourn.test.next')

export function share(shared: Shared): void {
  Reflect.set(globalThis, KEY, shared)
}

/** While Next builds the application, there is no test: what `sojourn/next` does then is part of what is tested. */
export function shared(): Shared {
  return Reflect.get(globalThis, KEY) ?? { ...IDLE, next, sessions: createSessions() }
}

export const IDLE: Pick<Shared, 'handle' | 'render' | 'act' | 'plain'> = {
  handle: () => new Response(null),
  render: ({ userId }) => userId ?? 'nobody',
  act() {},
  plain: null,
}
