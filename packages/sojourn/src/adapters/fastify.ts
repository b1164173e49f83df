import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { HeaderChange } from '../core/carrier.ts'
import { SessionError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { isPromise } from '../core/maybe.ts'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import { toDenialAnswer } from './_answer.ts'
import { withChanges } from './_fetch-response.ts'
import { HeldResponse } from './_held-response.ts'
import { dropHeaders } from './_node-headers.ts'
import type { HeaderValue } from './_node-types.ts'
import { NodeView } from './_node-view.ts'
import { joinVary } from './_vary.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Data is untyped here, for one application may have several kinds of sessions; `sessions.get(request)` is exact. */
    readonly session: Session
  }
}

export interface FastifySessionsOptions {
  readonly sessions: Pick<Sessions<object>, 'open' | 'attach'>
}

/** What the hooks keep on a request. */
const TURN = Symbol('sojourn turn')

interface Turn {
  readonly exchange: Exchange<object>
  readonly held: HeldResponse
}

type Turned = FastifyRequest & { [TURN]: Turn | null }

/**
 * Sessions for Fastify 5: `app.register(fastifySessions, { sessions })`. They hold for every route of the instance it is
 * registered on, not only inside a scope of their own.
 *
 * The response is held back until the session is stored, one that is written to `reply.raw` after `reply.hijack()` too.
 * A store that cannot answer is an error for Fastify's error handler, with `statusCode` 503. Behind a proxy, Fastify's
 * own `trustProxy` option decides about the scheme and the client's address.
 */
export const fastifySessions: FastifyPluginCallback<FastifySessionsOptions> = /* @__PURE__ */ Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'sojourn',
  [Symbol.for('plugin-meta')]: { name: 'sojourn', fastify: '5.x' },
})

function plugin(...[app, { sessions }, ready]: Parameters<FastifyPluginCallback<FastifySessionsOptions>>): void {
  app.decorateRequest(TURN, null)
  app.decorateRequest('session', { getter: sessionOf })

  app.addHook('onRequest', (request, reply, done) => {
    const begin = (exchange: Exchange<object>): void => {
      if (exchange.denied !== null) {
        const { status, headers, body } = toDenialAnswer(exchange.denied)
        reply.code(status).headers(headers).send(body)
        return
      }
      sessions.attach(request, exchange.session)
      ;(request as Turned)[TURN] = { exchange, held: new HeldResponse(reply.raw, exchange) }
      done()
    }
    const opened = sessions.open(new FastifyView(request))
    if (isPromise(opened)) opened.then(begin, done)
    else begin(opened)
  })

  app.addHook('onSend', (request, reply, payload, done) => {
    const turn = (request as Turned)[TURN]
    // Fastify comes here again with the page of its error handler, and a handler may have begun on `reply.raw`.
    if (turn === null || !turn.held.claim()) return done()
    const apply = (changes: readonly HeaderChange[]): void => {
      turn.held.resume()
      if (payload instanceof Response) done(null, withChanges(payload, changes))
      else {
        applyChanges(reply, changes)
        done()
      }
    }
    const fail = (error: Error): void => {
      dropHeaders(reply)
      dropHeaders(reply.raw)
      done(error)
    }
    let committed: ReturnType<typeof turn.exchange.commit>
    try {
      committed = turn.exchange.commit()
    } catch (error) {
      return fail(error as Error)
    }
    if (isPromise(committed)) committed.then(apply, fail)
    else apply(committed)
  })

  ready()
}

function sessionOf(this: FastifyRequest): Session {
  const turn = (this as Turned)[TURN]
  if (turn === null) throw new SessionError('ERR_NO_SESSION', 'It begins with the onRequest hook of fastifySessions.')
  return turn.exchange.session as Session
}

function applyChanges(reply: FastifyReply, changes: readonly HeaderChange[]): void {
  for (const { name, value, how } of changes) {
    const present = reply.getHeader(name)
    if (present === undefined) reply.header(name, value)
    else if (how === 'append') reply.header(name, append(name, value, present))
  }
}

/** Fastify itself adds a second `Set-Cookie` to the first; of any other header it keeps the last. */
function append(name: string, value: string, present: HeaderValue): HeaderValue {
  if (name.toLowerCase() === 'vary') return joinVary(String(present), value)
  return name.toLowerCase() === 'set-cookie' ? value : `${present}, ${value}`
}

class FastifyView extends NodeView {
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest) {
    super(request.raw)
    this.#request = request
  }

  override get secure(): boolean {
    return this.#request.protocol === 'https'
  }

  override get peer(): string | null {
    return this.#request.ip ?? null
  }
}
