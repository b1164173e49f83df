import { createServer } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common'
import type { Handle, RequestEvent } from '@sveltejs/kit'
import { sequence } from '@sveltejs/kit/hooks'
import connect from 'connect'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import type { LoaderFunctionArgs, MiddlewareFunction, RouterContextProvider } from 'react-router'
import { createSessions, type JsonValue, type Session, type Sessions, type UntypedData } from 'sojourn'
import { expressSessions, requireFresh, requireUser, returnPath } from 'sojourn/express'
import { fastifySessions, requireMethods } from 'sojourn/fastify'
import { requireUser as requireUserOfFetch, withSession } from 'sojourn/fetch'
import { honoSessions, requireAssurance } from 'sojourn/hono'
import { koaSessions, requireUser as requireUserOfKoa } from 'sojourn/koa'
import { CurrentSession, InjectSessions, requireUser as requireUserOfNest, SessionsModule } from 'sojourn/nestjs'
import { type ReadonlySession, readSession, withActionSession, withSession as withNextSession } from 'sojourn/next'
import { nodeSessions, requireUser as requireUserOfNode, withNodeSession } from 'sojourn/node'
import {
  reactRouterSessions,
  reactRouterStorage,
  requireUser as requireUserOfReactRouter,
  sessionContext,
} from 'sojourn/react-router'
import { requireUser as requireUserOfSvelteKit, svelteKitSessions } from 'sojourn/sveltekit'
import * as v from 'valibot'
import { expectTypeOf } from 'vitest'

interface Cart {
  cart: string[]
}
const sessions = createSessions({ data: v.object({ cart: v.optional(v.array(v.string()), []) }) })
type Exact = Session<Cart>

// Express
const app = express()
const { middleware, session } = expressSessions(sessions)
app.use(expressSessions(sessions))
app.use('/path', middleware)
app.get('/', (req) => {
  expectTypeOf(req.session).toEqualTypeOf<Session<UntypedData>>()
  expectTypeOf(req.session.userId).toEqualTypeOf<string | null>()
  expectTypeOf(sessions.get(req)).toEqualTypeOf<Exact>()
  expectTypeOf(session(req)).toEqualTypeOf<Exact>()
  expectTypeOf(session(req).data.cart).toEqualTypeOf<string[]>()
  // @ts-expect-error: not in the schema
  session(req).data.basket
})

app.post('/users/:id', requireUser({ signIn: '/sign-in' }), requireFresh('5m', { confirm: '/confirm' }), (req, res) => {
  expectTypeOf(req.params.id).toEqualTypeOf<string>()
  expectTypeOf(returnPath(req.query.returnTo, '/account')).toEqualTypeOf<string>()
  res.end()
})
app.use('/admin', requireUser())
// @ts-expect-error: no such option
requireUser({ login: '/sign-in' })
// @ts-expect-error: not a duration
requireFresh('5 minutes')

// node:http, HTTP/2, Connect
createServer(
  withNodeSession(sessions, (request, response, exact) => {
    expectTypeOf(exact).toEqualTypeOf<Exact>()
    expectTypeOf(request.headers.cookie).toEqualTypeOf<string | undefined>()
    response.end()
  }),
)
createServer(withNodeSession(sessions, async (_, response) => void response.end()))
createSecureServer(
  {},
  withNodeSession(sessions, (request: Http2ServerRequest, response: Http2ServerResponse, exact) => {
    expectTypeOf(exact).toEqualTypeOf<Exact>()
    response.end(request.authority)
  }),
)
connect().use(nodeSessions(sessions, { trustProxy: 1 }))
connect().use('/account', requireUserOfNode({ signIn: '/sign-in' }))
createServer(
  withNodeSession(sessions, (request, response) => {
    requireUserOfNode()(request, response, () => response.end())
  }),
)
// @ts-expect-error: a string says nothing about trust
nodeSessions(sessions, { trustProxy: 'loopback' })

// fetch
const plain = withSession(sessions, (request, exact) => {
  expectTypeOf(exact).toEqualTypeOf<Exact>()
  return new Response(request.url)
})
expectTypeOf(plain).toEqualTypeOf<(request: Request) => Promise<Response>>()
const worker = withSession(sessions, (_, __, env: { KV: string }) => new Response(env.KV), { peer: (_, env) => env.KV })
expectTypeOf(worker).parameters.toEqualTypeOf<[request: Request, env: { KV: string }]>()
class NextRequest extends Request {
  readonly nextUrl: URL = new URL(this.url)
}
const own = withSession(sessions, (request: NextRequest, exact) => new Response(`${request.nextUrl} ${exact.userId}`))
expectTypeOf(own).parameters.toEqualTypeOf<[request: NextRequest]>()
const protect = requireUserOfFetch({ signIn: '/sign-in' })
withSession(
  sessions,
  protect((request, exact) => {
    expectTypeOf(exact).toEqualTypeOf<Exact>()
    return new Response(request.url)
  }),
)
withSession(sessions, (request, exact) =>
  protect((_, again: Exact) => new Response(again.data.cart.join()))(request, exact),
)
expectTypeOf(protect((_, { userId }) => new Response(userId))).parameters.toEqualTypeOf<
  [request: Request, session: Session]
>()
// @ts-expect-error: a handler answers
withSession(sessions, () => {})

// Fastify
const fastify = Fastify()
fastify.register(fastifySessions, { sessions })
// @ts-expect-error: sessions are what it is about
fastify.register(fastifySessions, {})
fastify.get('/', (request) => {
  expectTypeOf(request.session).toEqualTypeOf<Session<UntypedData>>()
  expectTypeOf(sessions.get(request)).toEqualTypeOf<Exact>()
  return request.session.userId
})

fastify.post<{ Body: { amount: number }; Params: { id: string } }>(
  '/accounts/:id',
  { preHandler: [requireMethods(['hwk'], { stepUp: '/passkey' })] },
  async ({ body, params }) => `${body.amount} ${params.id}`,
)
fastify.addHook('preHandler', requireMethods(['pwd']))

// Hono
new Hono().use(honoSessions(sessions)).get('/', (c) => {
  expectTypeOf(c.var.session).toEqualTypeOf<Session<UntypedData>>()
  expectTypeOf(c.get('session')).toEqualTypeOf<Session<UntypedData>>()
  expectTypeOf(sessions.get(c)).toEqualTypeOf<Exact>()
  return c.text(c.var.session.userId ?? '')
})

new Hono().get('/accounts/:id', requireAssurance(['aal2', 'phr'], { stepUp: '/passkey' }), (c) => {
  expectTypeOf(c.req.param('id')).toEqualTypeOf<string>()
  return c.text('')
})

// Koa
const koa = new Koa()
koa.use(koaSessions(sessions)).use(requireUserOfKoa({ signIn: '/sign-in' }))
koa.use((ctx) => {
  expectTypeOf(ctx.session).toEqualTypeOf<Session<UntypedData>>()
  expectTypeOf(sessions.get(ctx)).toEqualTypeOf<Exact>()
  ctx.body = ctx.session.userId
})
// A state and a context of the application's own.
new Koa<{ tenant: string }, { log: (line: string) => void }>().use(koaSessions(sessions)).use((ctx) => {
  expectTypeOf(ctx.session).toEqualTypeOf<Session<UntypedData>>()
  ctx.log(ctx.state.tenant)
})
// @ts-expect-error: Koa has its own setting
koaSessions(sessions, { trustProxy: 1 })

// NestJS
@Controller()
@UseGuards(requireUserOfNest({ signIn: '/sign-in' }))
class Account {
  @Get()
  show(@CurrentSession() current: Session) {
    expectTypeOf(current).toEqualTypeOf<Session<UntypedData>>()
    return current.userId
  }
}
@Injectable()
class Devices {
  readonly all: Sessions<Cart>

  constructor(@InjectSessions() all: Sessions<Cart>) {
    this.all = all
  }

  list(userId: string) {
    return this.all.list(userId)
  }
}
@Module({ imports: [SessionsModule.forRoot({ sessions })], controllers: [Account], providers: [Devices] })
export class AppModule {}

class Config {
  readonly idle = '30m'
}
SessionsModule.forRootAsync({
  inject: [Config],
  useFactory: (config: Config) => ({ sessions: createSessions({ timeouts: { idle: config.idle } }) }),
})
// @ts-expect-error: the module makes no sessions
SessionsModule.forRoot({ store: 'sqlite:sessions.db' })

// Without a schema: what JSON can hold.
expectTypeOf(createSessions().get({})).toEqualTypeOf<Session<Record<string, JsonValue>>>()

// SvelteKit
const kitHandle: Handle = svelteKitSessions(sessions, { building: false })
sequence(kitHandle, svelteKitSessions(sessions), requireUserOfSvelteKit({ signIn: '/sign-in' }))
const load = (event: RequestEvent): void => {
  expectTypeOf(event.locals.session).toEqualTypeOf<Session<UntypedData>>()
  expectTypeOf(sessions.get(event)).toEqualTypeOf<Exact>()
}
expectTypeOf(load).toBeFunction()
// @ts-expect-error: SvelteKit's own adapter has this setting
svelteKitSessions(sessions, { trustProxy: 1 })

// Next.js
expectTypeOf(
  withActionSession(sessions, (session, form: FormData, count?: number) => {
    expectTypeOf(session).toEqualTypeOf<Exact>()
    return [String(form.get('item')), count] as const
  }),
).toEqualTypeOf<(form: FormData, count?: number) => Promise<readonly [string, number | undefined]>>()
withNextSession(sessions, async (request: Request, session, { params }: { params: Promise<{ id: string }> }) => {
  expectTypeOf(request).toEqualTypeOf<Request>()
  expectTypeOf(session).toEqualTypeOf<Exact>()
  return new Response((await params).id)
})
readSession(sessions).then((session) => {
  expectTypeOf(session).toEqualTypeOf<ReadonlySession<Cart>>()
  expectTypeOf(session.userId).toEqualTypeOf<string | null>()
  expectTypeOf(session.data.cart).toEqualTypeOf<readonly string[]>()
  // @ts-expect-error: nothing can be changed
  session.data.cart.push('tea')
  // @ts-expect-error: no verbs
  session.login('ada')
})
// @ts-expect-error: Next.js shows no socket
withNextSession(sessions, () => new Response(), { peer: () => null })

// React Router
const routeMiddleware: MiddlewareFunction<Response>[] = [
  reactRouterSessions(sessions, { trustProxy: 1 }),
  requireUserOfReactRouter({ signIn: '/sign-in' }),
]
expectTypeOf(routeMiddleware).toBeArray()
const routeLoader = ({ context }: LoaderFunctionArgs<RouterContextProvider>): void => {
  expectTypeOf(context.get(sessionContext)).toEqualTypeOf<Session<UntypedData>>()
  expectTypeOf(sessions.get(context)).toEqualTypeOf<Exact>()
}
expectTypeOf(routeLoader).toBeFunction()
const routeStorage = reactRouterStorage(sessions, { userKey: 'userId' })
routeStorage.getSession().then((session) => {
  expectTypeOf(session.get('userId')).toEqualTypeOf<string | undefined>()
  // @ts-expect-error: no key of the schema
  session.set('crat', 1)
})
