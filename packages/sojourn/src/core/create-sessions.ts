import { exportUser, list, revoke, revokeAll } from './admin.ts'
import type { RequestView } from './carrier.ts'
import { commit, finish } from './commit.ts'
import { createEngine, type Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Denial } from './guard.ts'
import { chain } from './maybe.ts'
import type { CoreOptions } from './options.ts'
import { RequestSession } from './request-session.ts'
import { resolve } from './resolve.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { createState, type State } from './state.ts'
import { createSweeper } from './sweeper.ts'

/** Core's own `createSessions`: everything passed in. The package's fills in the defaults. */
export function createCoreSessions<Data extends object>(options: CoreOptions<Data>): Sessions<Data> {
  const engine = createEngine(options)
  const sweeper = createSweeper(engine)
  const attached = Symbol('sojourn session')

  return {
    store: engine.store,
    open(view) {
      if (engine.closed) throw new SessionError('ERR_CLOSED')
      sweeper.start()
      const state = createState(engine, view)
      const denied = deny(engine, view)
      if (denied !== null) return toExchange<Data>(state, denied)
      return chain(resolve(state), () => toExchange<Data>(state, null))
    },
    attach(target, session) {
      Object.defineProperty(target, attached, { value: session, configurable: true })
    },
    get(target) {
      const session = (target as { readonly [attached]?: Session<Data> })[attached]
      if (session === undefined)
        throw new SessionError('ERR_NO_SESSION', 'Mount the sojourn adapter before this handler.')
      return session
    },
    list: (userId) => list(engine, userId),
    revoke: (id, reason = 'revoked') => revoke(engine, id, reason),
    revokeAll: (userId, { except, reason = 'revoked' } = {}) => revokeAll(engine, userId, reason, except),
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
      engine.events.emit('denied', { reason: denial.reason, method: view.method })
      return denial
    }
  }
  return null
}

function toExchange<Data extends object>(state: State, denied: Denial | null): Exchange<Data> {
  return {
    session: new RequestSession<Data>(state),
    denied,
    commit: () => commit(state),
    finish: () => finish(state),
  }
}
