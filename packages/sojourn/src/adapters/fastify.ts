import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { HeaderChange } from '../core/carrier.ts'
import { SessionError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Denial } from '../core/guard.ts'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import { toDenialAnswer } from './_answer.ts'
import { applyToReply, isReplacing, isResponse } from './_fastify-reply.ts'
import { withChanges } from './_fetch-response.ts'
import { HeldResponse } from './_held-response.ts'
import { dropHeaders } from './_node-headers.ts'
import { NodeView } from './_node-view.ts'
import { settle } from './_settle.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Data is untyped here, for one application may have several kinds of sessions; `sessions.get(request)` is exact. */
    readonly session: Session
  }
}

export interface FastifySessionsOptions {
  readonly sessions: Pick<Sessions<object>, 'open' | 'attach'>
}

/**
 * Sessions for Fastify 5: `app.register(fastifySessions, { sessions })`. They hold for every route of the instance it is
 * registered on, not only inside a scope of their own.
 *
 * The response is held back until the session is stored, and so is one that is written to `reply.raw` by hand. A store
 * that cannot answer is an error for Fastify's error handler, with `statusCode` 503. Behind a proxy, Fastify's own
 * `trustProxy` option decides about the scheme and the client's address.
 */
export const fastifySessions: FastifyPluginCallback<FastifySessionsOptions> = /* @__PURE__ */ Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'sojourn',
  [Symbol.for('plugin-meta')]: { name: 'sojourn', fastify: '5.x' },
})

/** What the hooks keep on a request. */
const TURN = Symbol('sojourn turn')

interface Turn {
  readonly exchange: Exchange<object>
  readonly held: HeldResponse
}

type Turned = FastifyRequest & { [TURN]: Turn | null }
type Done = (error?: Error | null, payload?: unknown) => void

function plugin(...[app, { sessions }, ready]: Parameters<FastifyPluginCallback<FastifySessionsOptions>>): void {
  app.decorateRequest(TURN, null)
  app.decorateRequest('session', { getter: sessionOf })
  app.addHook('onRequest', (request, reply, done) => {
    const begin = (exchange: Exchange<object>): void => {
      if (exchange.denied !== null) {
        deny(request, reply, exchange.denied)
        return
      }
      sessions.attach(request, exchange.session)
      ;(request as Turned)[TURN] = { exchange, held: new HeldResponse(reply.raw, exchange) }
      done()
    }
    settle(
      () => sessions.open(new FastifyView(request)),
      begin,
      (error) => done(error as Error),
    )
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    const turn = (request as Turned)[TURN]
    // Fastify comes here again with the page of its error handler, and a handler may have begun on `reply.raw`.
    if (turn?.held.claim()) commit(turn, reply, payload, done)
    else done()
  })
  ready()
}

function commit({ exchange, held }: Turn, reply: FastifyReply, payload: unknown, done: Done): void {
  const apply = (changes: readonly HeaderChange[]): void => {
    // Hooks that run after this one, and a Response's headers beside the reply's, must not undo these.
    held.resume(changes.filter(isReplacing))
    if (isResponse(payload)) {
      done(null, withChanges(payload, changes))
    } else {
      applyToReply(reply, changes)
      done()
    }
  }
  const fail = (error: unknown): void => {
    dropHeaders(reply)
    done(error as Error)
  }
  settle(() => exchange.commit(), apply, fail)
}

function deny(request: FastifyRequest, reply: FastifyReply, denial: Denial): void {
  const { status, headers, body } = toDenialAnswer(denial)
  // Once a connection asked for another protocol, node leaves it to whoever handles that, and nobody will close it.
  if (request.headers.upgrade !== undefined) reply.raw.once('finish', () => request.raw.socket.destroySoon())
  reply.code(status).headers(headers).send(body)
}

function sessionOf(this: FastifyRequest): Session {
  const turn = (this as Turned)[TURN]
  if (turn === null) throw new SessionError('ERR_NO_SESSION', 'It begins with the onRequest hook of fastifySessions.')
  return turn.exchange.session as Session
}

class FastifyView extends NodeView<FastifyRequest> {
  override get secure(): boolean {
    return this.request.protocol === 'https'
  }

  override get peer(): string | null {
    return this.request.ip ?? null
  }
}
