import { exportUser, list, revoke, revokeAll } from './admin.ts'
import { attach, findAttached } from './attached.ts'
import type { HeaderChange, RequestView } from './carrier.ts'
import { checkOptions } from './check-options.ts'
import { commit, finish, salvage } from './commit.ts'
import { createEngine, type Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Denial } from './guard.ts'
import { sourceOf } from './host.ts'
import { isPromise } from './maybe.ts'
import type { CoreOptions } from './options.ts'
import { recheckIfOld } from './recheck.ts'
import { RequestSession } from './request-session.ts'
import { resolve } from './resolve.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { State } from './state.ts'
import type { MaybePromise } from './store.ts'
import { createSweeper } from './sweeper.ts'

/** Core's own `createSessions`: everything passed in. The package's fills in the defaults. */
export function createCoreSessions<Data extends object>(options: CoreOptions<Data>): Sessions<Data> {
  const engine = createEngine(options)
  const sweeper = createSweeper(engine)
  engine.store.observe?.((event) => {
    if (event.kind === 'failover') engine.failedOverAt = engine.clock()
    engine.events.emit('store', event)
  })

  return {
    store: engine.store,
    open(view) {
      if (engine.closed) throw new SessionError('ERR_CLOSED')
      sweeper.start()
      const state = new State(engine, view)
      const denied = deny(engine, view)
      if (denied !== null) return new RequestExchange<Data>(state, denied)
      const resolved = resolve(state)
      return isPromise(resolved)
        ? resolved.then(() => new RequestExchange<Data>(state, null))
        : new RequestExchange<Data>(state, null)
    },
    attach: (target, session) => attach(engine, target, session),
    has: (target) => findAttached(engine, target) !== undefined,
    get(target) {
      const session = findAttached(engine, target)
      if (session === undefined) {
        throw new SessionError(
          'ERR_NO_SESSION',
          'Mount the sojourn adapter before this handler. An error handler has no session when the store could not answer.',
        )
      }
      return session as Session<Data>
    },
    list: (userId) => list(engine, userId),
    revoke: (id, reason = 'revoked') => revoke(engine, id, reason),
    async revokeAll(userId, options = {}) {
      checkOptions(options, { except: 'string', reason: 'string' }, 'revokeAll')
      return revokeAll(engine, userId, options.reason ?? 'revoked', options.except)
    },
    export: (userId) => exportUser(engine, userId),
    erase: (userId) => revokeAll(engine, userId, 'erased'),
    sweep: () => sweeper.run(),
    on: (name, listener) => engine.events.on(name, listener),
    async close() {
      sweeper.stop()
      engine.closed = true
      await engine.store.close()
    },
  }
}

/** A guard that refuses spares the store: the request goes no further. */
function deny(engine: Engine, view: RequestView): Denial | null {
  for (const guard of engine.guards) {
    const denial = guard.check(view)
    if (denial !== null) {
      engine.events.emit('denied', { reason: denial.reason, ...sourceOf(view) })
      return denial
    }
  }
  return null
}

class RequestExchange<Data extends object> implements Exchange<Data> {
  readonly session: Session<Data>
  readonly denied: Denial | null
  /** Functions of its own, not methods: adapters take an exchange apart. */
  readonly recheck: () => MaybePromise<void>
  readonly commit: (status?: number) => MaybePromise<readonly HeaderChange[]>
  readonly salvage: () => readonly HeaderChange[]
  readonly finish: (isWhole?: boolean) => MaybePromise<void>

  constructor(state: State, denied: Denial | null) {
    this.session = new RequestSession<Data>(state)
    this.denied = denied
    const own = {
      recheck: () => recheckIfOld(state),
      commit: (status?: number) => commit(state, status),
      salvage: () => salvage(state),
      finish: (isWhole?: boolean) => finish(state, isWhole),
    }
    this.recheck = own.recheck
    this.commit = own.commit
    this.salvage = own.salvage
    this.finish = own.finish
  }
}
