import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import type { HeaderChange } from '../core/contracts/carrier.ts'
import { checkOptions, type OptionKind } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Answer } from '../core/contracts/guard.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { isPromise, settle } from '../core/lib/maybe.ts'
import { toErrorResponse, toOwnResponse } from './_answer.ts'
import { HeldResponse } from './_held-response.ts'
import { dropHeaders } from './_node-headers.ts'
import { NodeView } from './_node-open.ts'
import { letGo, watchStream } from './_unsent-body.ts'

export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { type RequireHook, requireAssurance, requireFresh, requireMethods, requireUser } from './_require-fastify.ts'
export { returnPath } from './_return-path.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Its data has the type that the application declares for `SessionData`. `sessions.get(request)` is exactly typed. */
    readonly session: Session
  }
}

export interface FastifySessionsOptions {
  readonly sessions: Pick<Sessions<object>, 'open' | 'attach'>
}

/**
 * Sessions for Fastify 5: `app.register(fastifySessions, { sessions })`. They apply to every route of the instance they are
 * registered on, because the plugin has no scope of its own.
 *
 * The response is held back until the session is stored, even if a handler writes to `reply.raw`. If the store cannot answer,
 * Fastify's error handler receives an error with `statusCode` 503. Behind a proxy, Fastify's own `trustProxy` option decides
 * about the scheme and the client's address.
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

function plugin(...[app, options, ready]: Parameters<FastifyPluginCallback<FastifySessionsOptions>>): void {
  // If it is called directly instead of registered, there is no `ready`, and it throws.
  try {
    check(app, options)
  } catch (error) {
    if (ready === undefined) throw error
    ready(error as Error)
    return
  }
  const { sessions } = options
  app.decorateRequest(TURN, null)
  app.decorateRequest('session', { getter: sessionOf })
  app.addHook('onRequest', (request, reply, done) => {
    const begin = (exchange: Exchange<object>): void => {
      const held = new HeldResponse(reply.raw, exchange)
      ;(request as Turned)[TURN] = { exchange, held }
      if (exchange.answer !== null) {
        deny(request, reply, exchange.answer)
        return
      }
      sessions.attach(request, exchange.session)
      done()
    }
    const fail = (error: unknown): void => {
      closeAfter(request, reply)
      done(error as Error)
    }
    settle(() => sessions.open(new FastifyView(request)), begin, fail)
  })
  // The body has arrived. The client decided how long it took, so the session may have ended.
  app.addHook('preValidation', (request, _, done) => {
    const turn = (request as Turned)[TURN]
    settle(
      () => turn?.exchange.recheck(),
      () => done(),
      (error) => done(error as Error),
    )
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    const turn = (request as Turned)[TURN]
    // Fastify runs this hook again for the page of its error handler, and a handler may have begun to write to `reply.raw`.
    if (turn?.held.claim()) commit(turn, reply, payload, done)
    else done()
  })
  ready()
}

/** Options that Fastify itself reads from a plugin, and ours. */
const KINDS: Readonly<Record<string, OptionKind>> = {
  sessions: 'any',
  prefix: 'any',
  logLevel: 'any',
  logSerializers: 'any',
}

function check(app: FastifyInstance, options: FastifySessionsOptions | undefined): void {
  assertSessions(options?.sessions, 'fastifySessions', 'Register it as app.register(fastifySessions, { sessions }).')
  checkOptions(options ?? {}, KINDS, 'fastifySessions')
  if (!app.hasRequestDecorator(TURN)) return
  throw new SessionError('ERR_OPTION', 'fastifySessions is registered twice. Register it once for the whole instance.')
}

function commit({ exchange, held }: Turn, reply: FastifyReply, payload: unknown, done: Done): void {
  // The headers are set when the head is sent, not on the reply: so they come after other hooks and replace a Response's own
  // headers.
  const apply = (changes: readonly HeaderChange[], error?: Error): void => {
    held.resume(changes)
    done(error)
  }
  const fail = (error: unknown): void => {
    letGo(payload)
    dropHeaders(reply)
    // The reply may have the status of another error, because this may be its page.
    reply.code(toErrorResponse(error).status)
    held.abandon(exchange.salvage())
    done(error as Error)
  }
  let changes: MaybePromise<readonly HeaderChange[]>
  try {
    changes = exchange.commit(reply.statusCode)
  } catch (error) {
    // Nobody reads the stream now, and it may still break.
    watchStream(payload)
    fail(error)
    return
  }
  if (!isPromise(changes)) {
    apply(changes)
    return
  }
  const broken = watchStream(payload)
  const release = held.suspend()
  // In the same turn as the next step: a second answer in between would be sent without the session's headers.
  const goOn = (next: () => void): void => {
    release()
    next()
  }
  changes
    .then(
      (late) => goOn(() => apply(late, broken())),
      (error: unknown) => goOn(() => fail(error)),
    )
    .catch((error: unknown) => refuse(reply, error))
}

/**
 * Handles what Fastify throws when it sends. Without the wait it would have thrown in the handler and become an error response.
 */
function refuse(reply: FastifyReply, error: unknown): void {
  try {
    if (reply.raw.headersSent) throw error
    reply.send(error)
  } catch (last) {
    reply.log.error({ err: last }, 'The response could not be sent.')
    reply.raw.destroy()
  }
}

function deny(request: FastifyRequest, reply: FastifyReply, answer: Answer): void {
  const { status, headers, body } = toOwnResponse(answer)
  closeAfter(request, reply)
  reply.code(status).headers(headers).send(body)
}

/**
 * If a connection requested another protocol, node leaves closing it to the code that handles that protocol. Here nothing else
 * would.
 */
function closeAfter(request: FastifyRequest, reply: FastifyReply): void {
  if (request.headers.upgrade !== undefined) reply.raw.once('finish', () => request.raw.socket.destroySoon())
}

function sessionOf(this: FastifyRequest): Session {
  const turn = (this as Turned)[TURN]
  if (turn === null)
    throw new SessionError(
      'ERR_NO_SESSION',
      'The session begins with the onRequest hook of fastifySessions. Use it in a later hook or in the handler.',
    )
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
