import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { define } from '../../core/data/texts.ts'
import { type Turns, takeTurn } from '../../core/lib/turns.ts'
import { answerOf } from '../../stores/connect/sessions-of.ts'
import { editsBetween, isSame, knownOf, learn, onlyRemoves, textsOf } from './known.ts'
import type { Callback, SessionRequest, SessionStore, StoredSession } from './types.ts'

interface SavedSession {
  readonly id: string
  readonly cookie: unknown
  readonly [key: string]: unknown
}

/**
 * Stores what changed. A store of express-session overwrites whole sessions, so the session is read again first: keys that other
 * requests changed keep their values, and a session that was destroyed stays destroyed. Within this process, calls for one
 * session take turns, so nothing is lost. Another process may still write between the read and the write.
 */
export function saveSession(store: SessionStore, session: SavedSession): Promise<void> {
  return inTurn(store, session.id, () =>
    write(store, session).catch((error: unknown) => {
      // Nothing is lost, for example when a user logs out twice at once.
      if (isSessionEnded(error) && onlyRemoves(knownOf(session).texts, textsOf(session))) return
      throw error
    }),
  )
}

async function write(store: SessionStore, session: SavedSession): Promise<void> {
  const { isStored, isEnded } = knownOf(session)
  if (isEnded) throw sessionEnded()
  let texts = textsOf(session)
  const whole = isStored && store.merges !== true ? await merged(store, session) : session
  await answerOf((done) => {
    store.set(session.id, whole, done)
    // Some stores take a property of their own off the session.
    if (whole === session) texts = textsOf(session)
  })
  learn(session, { isStored: true, texts, saved: texts })
}

/** Runs after all earlier work on this session. */
export function endSession(
  store: SessionStore,
  session: SavedSession,
  call: (done: Callback) => unknown,
): Promise<void> {
  learn(session, { isEnded: true })
  return inTurn(store, session.id, () => answerOf<void>(call))
}

/** Does the same for a request that has let go of its session. */
export function destroyId(store: SessionStore, id: string): Promise<void> {
  return inTurn(store, id, () => answerOf<void>((done) => store.destroy(id, done)))
}

/** Makes the store keep the session longer. Waits its turn, because a store may read the session and write it again. */
export function touchSession(store: SessionStore, session: SavedSession): Promise<void> {
  return inTurn(store, session.id, () => answerOf<void>((done) => store.touch?.(session.id, session, done)))
}

export function sessionEnded(): SessionError {
  return new SessionError('ERR_SESSION_ENDED', 'The edits were not stored.')
}

export function isSessionEnded(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'ERR_SESSION_ENDED'
}

async function merged(store: SessionStore, session: SavedSession): Promise<object> {
  const { texts: before } = knownOf(session)
  const edits = editsBetween(before, textsOf(session))
  const current = await answerOf<StoredSession | null>((done) => store.get(session.id, done))
  if (!current) throw sessionEnded()
  if (isSame(before, textsOf(current))) return session
  const { id, cookie } = session
  const whole = Object.create(Object.getPrototypeOf(session), { id: { value: id } })
  for (const [key, value] of Object.entries({ ...current, cookie })) if (edits[key] !== null) define(whole, key, value)
  for (const key of Object.keys(edits)) if (edits[key] !== null) define(whole, key, session[key])
  return whole
}

const running = new WeakMap<SessionRequest, Promise<unknown>>()

/** Remembers what a request does to its session, and may not wait for. */
export function begun(request: SessionRequest, work: Promise<unknown>): void {
  const settled = work
    .catch(() => {})
    .then(() => {
      if (running.get(request) === settled) running.delete(request)
    })
  running.set(request, settled)
}

/** Resolves when nothing is under way: an answer must not tell the client of a logout that has not happened. */
export function unfinished(request: SessionRequest): MaybePromise<unknown> {
  return running.get(request)
}

const turns = new WeakMap<SessionStore, Turns>()

async function inTurn(store: SessionStore, id: string, work: () => Promise<void>): Promise<void> {
  const ofStore: Turns = turns.get(store) ?? new Map()
  turns.set(store, ofStore)
  await takeTurn(ofStore, id, work)
}
