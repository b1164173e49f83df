import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import fastifyCompress from '@fastify/compress'
import { serve } from '@hono/node-server'
import { Controller, Get, Req, Res } from '@nestjs/common'
import type { AdapterServer } from '@sojourn/conformance'
import compression from 'compression'
import createConnect from 'connect'
import express from 'express'
import express4 from 'express4'
import Fastify, { type FastifyReply } from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import Koa from 'koa'
import koaCompress from 'koa-compress'
import type { Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { SessionsModule } from 'sojourn/nestjs'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { reactRouterSessions } from 'sojourn/react-router'
import { svelteKitSessions } from 'sojourn/sveltekit'
import { type Platform, startNest } from '../support/nest-apps.ts'
import { listen, writeError } from '../support/node-reply.ts'
import { serveReactRouter } from '../support/react-router.ts'
import { serveSvelteKit } from '../support/sveltekit.ts'
import { toServer } from '../support/web-reply.ts'
import { type Aside, FASTIFY_ACTS, HONO_ACTS, KOA_ACTS, NODE_ACTS, WEB_ACTS } from './acts.ts'
import type { Column, Layer, Setting } from './column.ts'

/** Begins the session, and answers with what the act may do beside its answer. */
async function beginAct({ sessions, begin, aside }: Setting, request: object): Promise<Aside> {
  if (sessions === null) return aside()
  const session = sessions.get(request)
  await begin(session)
  return { ...aside(), edit: () => void Object.assign(session.data, { edited: 1 }) }
}

const ALL: readonly Layer[] = ['none', 'outside', 'inside']

/** In the order in which they are mounted. */
function ordered<T>(layer: Layer, squeeze: T, sessions: T | null): T[] {
  const mounted = sessions === null ? [] : [sessions]
  if (layer === 'none') return mounted
  return layer === 'outside' ? [squeeze, ...mounted] : [...mounted, squeeze]
}

async function act(setting: Setting, request: object, response: ServerResponse): Promise<void> {
  const aside = await beginAct(setting, request)
  // Compression passes on responses that do not declare themselves as text.
  response.setHeader('content-type', 'text/plain')
  await NODE_ACTS[setting.act()]?.(response, aside)
}

function bareNode(setting: Setting): (request: IncomingMessage, response: ServerResponse) => void {
  const { sessions } = setting
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    act(setting, request, response).catch(() => writeError(response))
  }
  return sessions === null ? handler : withNodeSession(sessions, handler)
}

function serveConnect(setting: Setting): Promise<AdapterServer> {
  const app = createConnect()
  const mount = setting.sessions === null ? null : nodeSessions(setting.sessions)
  for (const one of ordered<unknown>(setting.layer, compression({ threshold: 0 }), mount)) app.use(one as never)
  app.use((request: IncomingMessage, response: ServerResponse, next: (error: unknown) => void) => {
    act(setting, request, response).catch(next)
  })
  app.use(((
    error: { status?: number },
    _: IncomingMessage,
    response: ServerResponse,
    next: (error: unknown) => void,
  ) => {
    if (response.headersSent) return next(error)
    response.statusCode = error.status ?? 500
    response.end('an error page')
  }) as never)
  return listen(createServer(app))
}

function serveExpress(createApp: typeof express): Column['serve'] {
  return (setting) => {
    const app = createApp()
    // Its error page then has no stack traces.
    app.set('env', 'production')
    const mount = setting.sessions === null ? null : expressSessions(setting.sessions)
    for (const one of ordered(setting.layer, compression({ threshold: 0 }), mount as never)) app.use(one)
    app.use((request, response, next) => {
      act(setting, request, response).catch(next)
    })
    return listen(createServer(app))
  }
}

async function serveFastify(setting: Setting): Promise<AdapterServer> {
  const { sessions, layer } = setting
  const app = Fastify()
  const squeeze = async (): Promise<void> => void (await app.register(fastifyCompress, { threshold: 0 }))
  if (layer === 'outside') await squeeze()
  if (sessions !== null) await app.register(fastifySessions, { sessions: sessions as Sessions<object> })
  if (layer === 'inside') await squeeze()
  app.get('/', async (request, reply) => {
    const aside = await beginAct(setting, request)
    return FASTIFY_ACTS[setting.act()]?.(reply, aside)
  })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    origin,
    close() {
      app.server.closeAllConnections()
      return app.close()
    },
  }
}

function createKoa(setting: Setting): Koa {
  const { sessions, layer } = setting
  const app = new Koa()
  app.silent = true
  const mount = sessions === null ? null : koaSessions(sessions)
  for (const one of ordered<Koa.Middleware>(layer, koaCompress({ threshold: 0 }), mount)) app.use(one)
  app.use(async (ctx) => {
    const aside = await beginAct(setting, ctx)
    await KOA_ACTS[setting.act()]?.(ctx, aside)
  })
  return app
}

/** Handlers that take the response of the platform, which Nest then leaves to them. */
function serveNest(platform: Platform): Column['serve'] {
  return (setting) => {
    @Controller()
    class Acts {
      @Get()
      async act(@Req() request: object, @Res() response: ServerResponse | FastifyReply): Promise<void> {
        if (platform === 'Express') await act(setting, request, response as ServerResponse)
        else await FASTIFY_ACTS[setting.act()]?.(response as FastifyReply, await beginAct(setting, request))
      }
    }
    const { sessions } = setting
    return startNest(platform, sessions === null ? [] : [SessionsModule.forRoot({ sessions })], [Acts])
  }
}

function createHono(setting: Setting): Hono {
  const { sessions, layer } = setting
  const app = new Hono()
  const mount = sessions === null ? null : honoSessions(sessions)
  for (const one of ordered<MiddlewareHandler>(layer, compress({ threshold: 0 }), mount)) app.use(one)
  app.get('/', async (c) => {
    const aside = await beginAct(setting, c)
    return HONO_ACTS[setting.act()]?.(c, aside) as Response
  })
  app.onError((error, c) => c.text('an error page', (error as { status?: 503 }).status ?? 500))
  return app
}

function serveHonoOnNode(setting: Setting): Promise<AdapterServer> {
  const app = createHono(setting)
  return toServer((ready) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ready))
}

/** As on Workers: the application gets no node objects. */
function serveHonoByFetch(setting: Setting): Promise<AdapterServer> {
  const app = createHono(setting)
  return toServer((ready) =>
    serve({ fetch: (request) => app.fetch(request, { KV: {} }), port: 0, hostname: '127.0.0.1' }, ready),
  )
}

/** `withSession` around a whole application: its handlers see the session of the request. */
function serveFetch(setting: Setting): Promise<AdapterServer> {
  const { sessions, begin, aside } = setting
  let edit = (): void => {}
  const app = createHono({ ...setting, sessions: null, aside: () => ({ ...aside(), edit: () => edit() }) })
  const handler =
    sessions === null
      ? (request: Request) => app.fetch(request)
      : withSession(sessions, async (request: Request, session) => {
          await begin(session)
          edit = () => void Object.assign(session.data, { edited: 1 })
          return app.fetch(request)
        })
  return toServer((ready) => serve({ fetch: handler, port: 0, hostname: '127.0.0.1' }, ready))
}

/** A handler that returns a `Response`. The framework's own object leads to the session. */
async function answerWeb(setting: Setting, target: object): Promise<Response> {
  const aside = await beginAct(setting, target)
  return WEB_ACTS[setting.act()]?.(aside) as Response
}

function serveKit(setting: Setting): Promise<AdapterServer> {
  const { sessions } = setting
  return serveSvelteKit({
    handle: sessions === null ? ({ event, resolve }) => resolve(event) : svelteKitSessions(sessions),
    answer: (event) => answerWeb(setting, event),
  })
}

function serveRouter(setting: Setting): Promise<AdapterServer> {
  const { sessions } = setting
  return serveReactRouter({
    middleware: sessions === null ? [] : [reactRouterSessions(sessions)],
    answer: ({ context }) => answerWeb(setting, context),
  })
}

const NODE_NAMES = Object.keys(NODE_ACTS)
/** node's HTTP/2 sends that header, ends a destroyed stream as it likes, and has trailers in `wantTrailers` only. */
const HTTP2_NAMES = NODE_NAMES.filter(
  (name) =>
    !['trailers', 'destroy after the answer', 'destroy in the middle', 'a header that node refuses'].includes(name),
)

/**
 * Bare Fastify leaves trailers on an error page, and with @fastify/compress a `Content-Length` beside them, or the
 * encoding of what broke: clients refuse those.
 */
function fastifyNames(layer: Layer, fails: boolean): readonly string[] {
  const isOut = (name: string): boolean =>
    (name === 'trailers' && (fails || layer !== 'none')) ||
    (name.startsWith('a stream that breaks') && layer !== 'none')
  return Object.keys(FASTIFY_ACTS).filter((name) => !isOut(name))
}

/** Bare koa-compress does not hear of a stream that breaks: the client waits until it gives up. */
function koaNames(layer: Layer): readonly string[] {
  return Object.keys(KOA_ACTS).filter((name) => layer === 'none' || name !== 'a stream that breaks')
}

export const COLUMNS: readonly Column[] = [
  {
    name: 'node:http',
    acts: () => NODE_NAMES,
    layers: ['none'],
    isHttp2: false,
    serve: (setting) => listen(createServer(bareNode(setting))),
  },
  {
    name: 'node:http2',
    acts: () => HTTP2_NAMES,
    layers: ['none'],
    isHttp2: true,
    serve: (setting) => listen(createHttp2Server(bareNode(setting) as never)),
  },
  { name: 'Connect', acts: () => NODE_NAMES, layers: ALL, isHttp2: false, serve: serveConnect },
  { name: 'Express 4', acts: () => NODE_NAMES, layers: ALL, isHttp2: false, serve: serveExpress(express4) },
  { name: 'Express 5', acts: () => NODE_NAMES, layers: ALL, isHttp2: false, serve: serveExpress(express) },
  { name: 'Fastify', acts: fastifyNames, layers: ALL, isHttp2: false, serve: serveFastify },
  {
    name: 'Koa',
    acts: koaNames,
    layers: ALL,
    isHttp2: false,
    serve: (setting) => listen(createServer(createKoa(setting).callback())),
  },
  {
    name: 'Koa over HTTP/2',
    // Bare Koa never ends the error page of a HEAD request there.
    acts: (layer, fails) => koaNames(layer).filter((name) => !(fails && name.endsWith('HEAD'))),
    layers: ['none'],
    isHttp2: true,
    serve: (setting) => listen(createHttp2Server(createKoa(setting).callback() as never)),
  },
  { name: 'Hono on node', acts: () => Object.keys(HONO_ACTS), layers: ALL, isHttp2: false, serve: serveHonoOnNode },
  { name: 'Hono by fetch', acts: () => Object.keys(HONO_ACTS), layers: ALL, isHttp2: false, serve: serveHonoByFetch },
  {
    name: 'NestJS on Express',
    acts: () => NODE_NAMES,
    layers: ['none'],
    isHttp2: false,
    serve: serveNest('Express'),
  },
  {
    name: 'NestJS on Fastify',
    // Nest does not look at what such a handler returns.
    acts: (layer, fails) => fastifyNames(layer, fails).filter((name) => !name.startsWith('return')),
    layers: ['none'],
    isHttp2: false,
    serve: serveNest('Fastify'),
  },
  { name: 'SvelteKit', acts: () => Object.keys(WEB_ACTS), layers: ['none'], isHttp2: false, serve: serveKit },
  {
    name: 'React Router',
    acts: () => Object.keys(WEB_ACTS),
    layers: ['none'],
    isHttp2: false,
    serve: serveRouter,
  },
  { name: 'fetch', acts: () => Object.keys(HONO_ACTS), layers: ['none'], isHttp2: false, serve: serveFetch },
]
