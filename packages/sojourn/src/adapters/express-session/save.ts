import { SessionError } from '../../core/contracts/errors.ts'
import { define } from '../../core/data/texts.ts'
import { type Turns, takeTurn } from '../../core/lib/turns.ts'
import { answerOf } from '../../stores/connect/sessions-of.ts'
import { editsBetween, isSame, knownOf, learn, textsOf } from './known.ts'
import type { Callback, SessionStore, StoredSession } from './types.ts'

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
  return inTurn(store, session.id, async () => {
    const { isStored, isEnded } = knownOf(session)
    if (isEnded) throw sessionEnded()
    const texts = textsOf(session)
    const whole = isStored && store.merges !== true ? await merged(store, session) : session
    await answerOf((done) => store.set(session.id, whole, done))
    learn(session, { isStored: true, texts, saved: texts })
  })
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

const turns = new WeakMap<SessionStore, Turns>()

async function inTurn(store: SessionStore, id: string, work: () => Promise<void>): Promise<void> {
  const ofStore: Turns = turns.get(store) ?? new Map()
  turns.set(store, ofStore)
  await takeTurn(ofStore, id, work)
}
