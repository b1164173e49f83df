import type { SessionId, Sessions, Store } from 'sojourn'
import { toLimits } from '../../src/core/contracts/timeouts.ts'
import { createTokens, hashSecret, judge, type Verdict } from '../../src/core/token/token.ts'
import type { Clock } from './kit.ts'
import { type Actor, actors, type SteppingStore } from './model-store.ts'

/** Each value says whose session it was written in. */
export interface Marked {
  readonly by: string | null
}
export type Data = Record<string, Marked | number[]>

export const TIMEOUTS = { idle: '30m', absolute: '2h', renew: '10m', grace: '30s', touch: '1m' } as const
export const LIMITS = toLimits(TIMEOUTS)

export interface Held {
  readonly id: SessionId
  readonly verdict: Verdict | 'gone'
}

/** The history of one run, as far as the model needs it. */
export interface History {
  readonly inner: Store
  readonly store: SteppingStore
  readonly clock: Clock
  /** The newest moment at which a request of the session was let in, and at which such a request came to its end. */
  readonly lastOpened: Map<SessionId, number>
  readonly lastHandled: Map<SessionId, number>
  /** Numbers that update() said it stored. */
  readonly updates: Map<SessionId, number[]>
  /** Ended, and the end was acknowledged. */
  readonly endedForSure: Set<SessionId>
  /** By session, and how many of them said that they ended it. */
  readonly alarms: Map<SessionId, number>
  /** Requests that found their session expired when they stored their edits. A touch from before the limit may still reach the store after that. */
  readonly cameTooLate: Set<Actor>
  /** Sessions with which something happened that no server can help. */
  readonly excused: Set<SessionId>
  userOf(id: SessionId): string | null | undefined
  begunAt(id: SessionId): number
  /** The session itself, and all from which a login took everything over. */
  lineOf(id: SessionId): SessionId[]
  /** The session that the cookie opens now; `null`: it has no token. */
  verdictOf(cookie: string): Held | null
  /** Whether something has happened to the session since the request last looked at it. */
  isOvertaken(id: SessionId, actor: Actor): boolean
}

export function createHistory(
  inner: Store,
  store: SteppingStore,
  clock: Clock,
  nodes: readonly Sessions<Data>[],
): History {
  const tokens = createTokens()
  const proved = new Map<SessionId, number>()
  const heirs = new Map<SessionId, SessionId>()
  const cameTooLate = new Set<Actor>()
  const lastOpened = new Map<SessionId, number>()
  const alarms = new Map<SessionId, number>()
  const { created, ended, headChanged } = store.effects

  const userOf = (id: SessionId): string | null | undefined => created.get(id)?.userId
  const begunAt = (id: SessionId): number => Math.max(proved.get(id) ?? 0, created.get(id)?.at ?? 0)

  for (const sessions of nodes) {
    sessions.on('reuse', ({ id, ended }) => void alarms.set(id, (alarms.get(id) ?? 0) + Number(ended)))
    sessions.on('refused', ({ reason }) => {
      const actor = actors.getStore()
      if (reason === 'expired' && actor !== undefined) cameTooLate.add(actor)
    })
    sessions.on('rotated', ({ id }) => void lastOpened.set(id, clock()))
    sessions.on('reauthenticated', ({ id }) => {
      lastOpened.set(id, clock())
      proved.set(id, clock())
    })
    sessions.on('login', ({ id, userId, replaced }) => {
      if (replaced === null) return
      const endedBy = ended.get(replaced)?.actor
      const isHeir = endedBy !== undefined && endedBy === actors.getStore()
      if (isHeir && [null, userId].includes(userOf(replaced) ?? null)) heirs.set(replaced, id)
    })
  }

  function lineOf(id: SessionId): SessionId[] {
    const parents = [...heirs].filter(([, heir]) => heir === id).map(([parent]) => parent)
    return [id, ...parents.flatMap(lineOf)]
  }

  return {
    inner,
    store,
    clock,
    lastOpened,
    lastHandled: new Map(),
    updates: new Map(),
    endedForSure: new Set(),
    alarms,
    cameTooLate,
    excused: new Set(),
    userOf,
    begunAt,
    lineOf,
    verdictOf(cookie) {
      const parts = tokens.parse(cookie.replace('__Host-session=', ''))
      if (typeof parts === 'string') return null
      const { id, secret } = parts
      const kept = inner.read(id)
      if (kept instanceof Promise) throw new Error('The model needs a store that reads at once.')
      const isSwept = kept === null && clock() - begunAt(id) >= LIMITS.idleMs
      if (kept?.kind !== 'live') return { id, verdict: isSwept ? 'expired' : 'gone' }
      return { id, verdict: judge(kept, hashSecret(secret), clock(), LIMITS) }
    },
    isOvertaken(id, actor) {
      return Math.max(headChanged.get(id) ?? 0, ended.get(id)?.step ?? 0) > (actor.lastSteps.get(id) ?? 0)
    },
  }
}
