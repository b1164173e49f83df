import type { HeaderChange } from './contracts/carrier.ts'
import { checkOptions } from './contracts/check-options.ts'
import { SessionError } from './contracts/errors.ts'
import type { Exchange } from './contracts/exchange.ts'
import type { Answer } from './contracts/guard.ts'
import type { CoreOptions } from './contracts/options.ts'
import type { EndReason } from './contracts/record.ts'
import type { Session } from './contracts/session.ts'
import type { Sessions } from './contracts/sessions.ts'
import type { MaybePromise } from './contracts/store.ts'
import { chain } from './lib/maybe.ts'
import { accountChanged } from './request/account.ts'
import { erase, exportUser, list, revoke, revokeAll } from './request/admin.ts'
import { type Caller, emit } from './request/caller.ts'
import { commit, finish, salvage } from './request/commit.ts'
import { clear, endAll } from './request/end-all.ts'
import { checkAll, openedAll } from './request/guards.ts'
import { health, prepare } from './request/health.ts'
import { open } from './request/open.ts'
import { recheckIfOld } from './request/recheck.ts'
import { RequestSession } from './request/request-session.ts'
import { all, count, scan } from './request/scan.ts'
import { createSetup, type Setup } from './request/setup.ts'
import { State } from './request/state.ts'
import { createWatcher } from './request/watcher.ts'
import { createSweeper } from './sweeper.ts'

/** Core's own `createSessions`, which gets every part passed in. The package's `createSessions` fills in the defaults. */
export function createCoreSessions<Data extends object>(options: CoreOptions<Data>): Sessions<Data> {
  const setup = createSetup(options)
  const own: Caller = { setup, view: null, store: setup.store }
  for (const guard of options.guards ?? []) guard.joined?.(own)
  const sweeper = createSweeper(own)
  const watcher = createWatcher(own)
  // Begins with the first request, because some runtimes allow no timer before.
  let sweeps = false
  setup.store.observe?.((event) => {
    if (event.kind === 'failover') setup.failedOverAt = setup.clock()
    emit(own, 'store', event)
  })

  return {
    store: setup.store,
    open(view) {
      if (setup.closed) throw new SessionError('ERR_CLOSED')
      if (!sweeps) {
        sweeps = true
        sweeper.start()
      }
      const state = new State(setup, view)
      const answer = chain(checkAll(state), afterCheck, state)
      return chain(answer, toExchange<Data>, state)
    },
    attach: (target, session) => attach(setup, target, session),
    has(target) {
      const session = findAttached(setup, target)
      // Another request must not use a session whose response has begun.
      return session !== undefined && RequestSession.stateOf(session)?.committed !== true
    },
    get(target) {
      const session = findAttached(setup, target)
      if (session === undefined) {
        throw new SessionError(
          'ERR_NO_SESSION',
          'Mount the sojourn adapter before this handler. An error handler has no session when the store could not answer.',
        )
      }
      return session as Session<Data>
    },
    list: (userId) => list(own, userId),
    scan: (cursor, limit) => scan(own, cursor, limit),
    all: () => ({ [Symbol.asyncIterator]: () => all(own) }),
    count: () => count(own),
    watch: watcher.watch,
    revoke: async (id, reason) => revoke(own, id, toReason(reason)),
    async revokeAll(userId, options = {}) {
      checkOptions(options, { except: 'string', reason: 'string' }, 'revokeAll')
      return revokeAll(own, userId, toReason(options.reason), options.except)
    },
    async endAll(options = {}) {
      checkOptions(options, { reason: 'string' }, 'endAll')
      return endAll(own, toReason(options.reason))
    },
    passwordChanged: (userId, options) => accountChanged(own, 'password-changed', userId, options),
    factorChanged: (userId, options) => accountChanged(own, 'factor-changed', userId, options),
    emailChanged: (userId, options) => accountChanged(own, 'email-changed', userId, options),
    roleChanged: (userId, options) => accountChanged(own, 'role-changed', userId, options),
    accountDisabled: (userId) => accountChanged(own, 'account-disabled', userId),
    accountDeleted: (userId) => accountChanged(own, 'account-deleted', userId),
    export: (userId) => exportUser(own, userId),
    erase: (userId) => erase(own, userId),
    sweep: async () => (await sweeper.run()) + (await clear(own)),
    setup: () => prepare(own),
    health: (options = {}) => health(own, options),
    on: setup.events.on,
    async close() {
      sweeper.stop()
      watcher.stop()
      setup.closed = true
      await setup.store.close()
    },
  }
}

/** A session that a login replaced may continue with a parallel login. One that the application ended must not. */
function toReason(reason: EndReason = 'revoked'): EndReason {
  if (reason === 'login') throw new SessionError('ERR_OPTION', 'reason must not be "login".')
  return reason
}

// Guards, then the store, then guards that see the session.
function afterCheck(denied: Answer | null, state: State): MaybePromise<Answer | null> {
  return denied ?? chain(open(state), afterOpen, state)
}

function afterOpen(_: unknown, state: State): MaybePromise<Answer | null> {
  return openedAll(state)
}

function toExchange<Data extends object>(answer: Answer | null, state: State): Exchange<Data> {
  return new RequestExchange<Data>(state, answer)
}

/** Getters that return functions, because adapters destructure an exchange, and a request calls only some of them. */
class RequestExchange<Data extends object> implements Exchange<Data> {
  readonly session: Session<Data>
  readonly answer: Answer | null
  readonly #state: State

  constructor(state: State, answer: Answer | null) {
    this.session = new RequestSession<Data>(state)
    this.answer = answer
    this.#state = state
  }

  get recheck(): () => MaybePromise<void> {
    const state = this.#state
    return () => recheckIfOld(state)
  }
  get commit(): (status?: number) => MaybePromise<readonly HeaderChange[]> {
    const state = this.#state
    return (status) => commit(state, status)
  }
  get salvage(): () => readonly HeaderChange[] {
    const state = this.#state
    return () => salvage(state)
  }
  get finish(): (isWhole?: boolean) => MaybePromise<void> {
    const state = this.#state
    return (isWhole) => finish(state, isWhole)
  }
}

/** What the adapters of a request have attached to it, the latest first. */
interface Attached {
  readonly owner: object
  readonly session: unknown
  readonly places: readonly string[]
  readonly before: Attached | undefined
}

/** Two copies of the package share this symbol. */
const ATTACHED = Symbol.for('sojourn.attached')

type Target = { [ATTACHED]?: Attached }

/**
 * Two sessions that keep their tokens in one place clear and overwrite each other's, and the user is logged out for no visible
 * reason.
 */
function attach(setup: Setup, target: object, session: unknown): void {
  const latest = (target as Target)[ATTACHED]
  // A request that is handed in again keeps nothing of the previous time.
  const before = latest?.owner === setup ? latest.before : latest
  const { places } = setup
  for (let one = before; one !== undefined; one = one.before) {
    const place = one.owner === setup ? undefined : one.places.find((each) => places.includes(each))
    if (place === undefined) continue
    setup.warnOnce(
      `Two createSessions() use the ${place} of one request, which logs users out. Use one, or two cookie names.`,
    )
  }
  ;(target as Target)[ATTACHED] = { owner: setup, session, places, before }
}

function findAttached(setup: Setup, target: object): unknown {
  // JavaScript callers may pass anything.
  let one = (target as Target | null | undefined)?.[ATTACHED]
  while (one !== undefined && one.owner !== setup) one = one.before
  return one?.session
}

/** Returns the session that an adapter of ours attached to this request, the latest if there are several; else `undefined`. */
export function attachedTo(target: object): unknown {
  return (target as Target)[ATTACHED]?.session
}
