import {
  Catch,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  Inject,
  Module,
  type ModuleMetadata,
  type NestModule,
  type Provider,
} from '@nestjs/common'
import { type AbstractHttpAdapter, APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core'
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { isAnswered, toErrorResponse } from './_answer.ts'
import { toException } from './_nest-exception.ts'
import { expressSessions } from './express.ts'
import { fastifySessions } from './fastify.ts'

export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { requireAssurance, requireFresh, requireMethods, requireUser } from './_require-nestjs.ts'
export { returnPath } from './_return-path.ts'

export interface SessionsModuleOptions {
  /** The result of `createSessions`. */
  readonly sessions: Pick<Sessions<object>, 'open' | 'attach' | 'get'>
}

/** Options that depend on other providers, such as a configuration service. */
export interface SessionsModuleAsyncOptions<Injected extends readonly unknown[] = readonly never[]>
  extends Pick<ModuleMetadata, 'imports'> {
  /** What `useFactory` receives, in this order. Default: nothing. */
  readonly inject?: NonNullable<Extract<Provider, { useFactory: unknown }>['inject']>
  readonly useFactory: (...injected: Injected) => SessionsModuleOptions | Promise<SessionsModuleOptions>
}

const KINDS: OptionKinds<SessionsModuleOptions> = { sessions: 'any' }

/** Under this token, providers and controllers get the sessions: `@InjectSessions()`. */
const SESSIONS = Symbol.for('sojourn.sessions')

/** What has sessions already. Two exchanges for one request would undo each other's cookies. */
const mounted = new WeakSet<object>()

/**
 * Sessions for NestJS 11 and 12, on Express and Fastify: `imports: [SessionsModule.forRoot({ sessions })]` in the root module. The
 * module is global, and every route has a session.
 *
 * ```ts
 * import { Controller, Get, Module } from '@nestjs/common'
 * import type { Session } from 'sojourn'
 * import { CurrentSession, SessionsModule } from 'sojourn/nestjs'
 *
 * @Controller()
 * class AccountController {
 *   @Get()
 *   whoAmI(@CurrentSession() session: Session) {
 *     return { user: session.userId }
 *   }
 * }
 *
 * @Module({ imports: [SessionsModule.forRoot({ sessions })], controllers: [AccountController] })
 * export class AppModule {}
 * ```
 *
 * The response is held back until the session is stored. If the store cannot answer, the exception filters receive the error, and the
 * module's own answers 503 with `Retry-After`. On Express, the session is opened after Nest's body parsers; on Fastify, before the
 * body, and it is read again when the body has arrived.
 */
export class SessionsModule implements NestModule {
  // Calls in place of decorators, which only the experimental mode of TypeScript has for parameters.
  static {
    Module({})(SessionsModule)
    Inject(HttpAdapterHost)(SessionsModule, undefined, 0)
    Inject(SESSIONS)(SessionsModule, undefined, 1)
  }

  readonly #host: HttpAdapterHost
  readonly #sessions: Sessions<object>

  constructor(host: HttpAdapterHost, sessions: Sessions<object>) {
    this.#host = host
    this.#sessions = sessions
  }

  /** @throws `ERR_OPTION` if `sessions` is missing, or for an unknown option. */
  static forRoot(options: SessionsModuleOptions): DynamicModule {
    return toModule({ provide: SESSIONS, useValue: toSessions(options, 'SessionsModule.forRoot') })
  }

  /** For sessions that other providers have to make: `forRootAsync({ inject: [Config], useFactory: (config) => ({ sessions }) })`. */
  static forRootAsync<const Injected extends readonly unknown[]>({
    imports,
    inject,
    useFactory,
  }: SessionsModuleAsyncOptions<Injected>): DynamicModule {
    const provider = {
      provide: SESSIONS,
      ...(inject !== undefined && { inject }),
      useFactory: async (...injected: unknown[]) =>
        toSessions(await useFactory(...(injected as unknown as Injected)), 'SessionsModule.forRootAsync'),
    }
    return toModule(provider, imports)
  }

  /** Nest calls this after its body parsers, and before it registers middleware and routes. */
  async configure(): Promise<void> {
    const adapter: AbstractHttpAdapter = this.#host.httpAdapter
    if (mounted.has(adapter)) throw new SessionError('ERR_OPTION', TWICE)
    mounted.add(adapter)
    const platform = adapter.getType()
    if (platform === 'fastify') await adapter.getInstance().register(fastifySessions, { sessions: this.#sessions })
    else if (platform === 'express') adapter.use(expressSessions(this.#sessions))
    else throw new SessionError('ERR_OPTION', `SessionsModule runs on Express and Fastify, and not on ${platform}.`)
  }
}

const TWICE = 'SessionsModule is imported twice. Import SessionsModule.forRoot once, in the root module; it is global.'

function toModule(provider: Provider, imports: ModuleMetadata['imports'] = []): DynamicModule {
  const filter = { provide: APP_FILTER, inject: [HttpAdapterHost], useFactory: createFilter }
  return { module: SessionsModule, global: true, imports, providers: [provider, filter], exports: [SESSIONS] }
}

function toSessions(options: SessionsModuleOptions | undefined, caller: string): SessionsModuleOptions['sessions'] {
  assertSessions(
    options?.sessions,
    caller,
    `Write ${caller}(${caller.endsWith('Async') ? '{ useFactory: () => ({ sessions }) }' : '{ sessions }'}).`,
  )
  checkOptions(options ?? {}, KINDS, caller)
  return (options as SessionsModuleOptions).sessions
}

/** Nest's own filter answers 500 for errors that are not Nest's. Ours leaves mistakes in the application to it. */
function createFilter({ httpAdapter }: HttpAdapterHost): BaseExceptionFilter<SessionError> {
  class SessionErrorFilter extends BaseExceptionFilter {
    override catch(error: unknown, host: Parameters<BaseExceptionFilter['catch']>[1]): void {
      // Other transports have other answers, which their own layers make.
      if (host.getType() !== 'http') throw error
      const isOurs = isAnswered(error)
      super.catch(isOurs ? toException(host.switchToHttp().getResponse(), toErrorResponse(error)) : error, host)
    }

    /** NestJS 11 would send the message of a mistake to the client, because the error has a status. */
    override isHttpError(_error: unknown): _error is never {
      return false
    }
  }
  Catch(SessionError)(SessionErrorFilter)
  return new SessionErrorFilter(httpAdapter)
}

/**
 * The session of the request, as a parameter of a handler: `@CurrentSession() session: Session`.
 *
 * @throws `ERR_NO_SESSION` outside of HTTP requests, and if the application does not import `SessionsModule`.
 */
export const CurrentSession: () => ParameterDecorator = /* @__PURE__ */ createParamDecorator(
  (_: unknown, context: ExecutionContext): Session => {
    const session = attachedTo(context.switchToHttp().getRequest() ?? {})
    if (session !== undefined) return session as Session
    throw new SessionError(
      'ERR_NO_SESSION',
      'Import SessionsModule.forRoot({ sessions }) in the root module, and use @CurrentSession() in handlers of HTTP requests.',
    )
  },
)

/** The sessions, for a provider or a controller: `constructor(@InjectSessions() private readonly sessions: Sessions<SessionData>) {}`. */
export function InjectSessions(): ParameterDecorator & PropertyDecorator {
  return Inject(SESSIONS)
}
