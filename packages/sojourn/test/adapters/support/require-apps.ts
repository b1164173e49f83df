import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { All, type ArgumentsHost, Catch, Controller, HttpException, Req, UseGuards } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import createConnect from 'connect'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import type { Session, Sessions } from 'sojourn'
import * as onExpress from 'sojourn/express'
import * as onFastify from 'sojourn/fastify'
import * as onFetch from 'sojourn/fetch'
import * as onHono from 'sojourn/hono'
import * as onKoa from 'sojourn/koa'
import * as onNest from 'sojourn/nestjs'
import * as onNode from 'sojourn/node'
import * as onReactRouter from 'sojourn/react-router'
import * as onSvelteKit from 'sojourn/sveltekit'
import { EVERY_PATH, type Platform, startNest } from './nest-apps.ts'
import { serveReactRouter } from './react-router.ts'
import { serveSvelteKit } from './sveltekit.ts'

type AnySessions = Sessions<Record<string, unknown>>
type AnySession = Session<Record<string, unknown>>

/** The four words, as each adapter has them. */
interface Words<T> {
  requireUser(options?: onNode.RequireUserOptions): T
  requireFresh(age: '5m', options?: onNode.RequireFreshOptions): T
  requireAssurance(level: string | readonly string[], options?: onNode.StepUpOptions): T
  requireMethods(methods: readonly string[], options?: onNode.StepUpOptions): T
}

const signIn = '/sign-in'

/** What each path requires. The last one is for all other paths. */
function requirementsOf<T>({ requireUser, requireFresh, requireAssurance, requireMethods }: Words<T>) {
  return {
    '/account': requireUser({ signIn }),
    '/api': requireUser(),
    '/tab': requireUser({ signIn: '/sign-in?from=tab' }),
    '/password': requireFresh('5m', { confirm: '/confirm', signIn }),
    '/devices': requireFresh('5m', { confirm: '/confirm', signIn, returnTo: '/account' }),
    '/confirm-api': requireFresh('5m'),
    '/transfer': requireAssurance('aal2', { stepUp: '/passkey', signIn }),
    '/levels': requireAssurance(['silver', 'gold'], { stepUp: '/passkey', signIn }),
    '/keys': requireMethods(['pwd', 'hwk'], { stepUp: '/passkey', signIn }),
    '/itself': requireUser({ signIn: '/itself' }),
    '/one': requireUser({ signIn: '/two' }),
    '/two': requireUser({ signIn: '/one' }),
    '*': requireUser({ signIn }),
  }
}

type Path = keyof ReturnType<typeof requirementsOf>
const PATHS = [
  '/account',
  '/api',
  '/tab',
  '/password',
  '/devices',
  '/confirm-api',
  '/transfer',
  '/levels',
  '/keys',
  '/itself',
  '/one',
  '/two',
] as const satisfies readonly Path[]

/** The pages that anybody may open: to sign in, to prove it again, and to see where `returnTo` leads. */
async function open(session: AnySession, url: string): Promise<string | null> {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const methods = searchParams.getAll('method')
  const assurance = searchParams.get('assurance') ?? undefined
  if (pathname === '/login') await session.login('ada', { methods, assurance })
  else if (pathname === '/prove') await session.reauthenticated({ methods, assurance })
  else if (pathname !== '/back') return null
  return pathname === '/back' ? onNode.returnPath(searchParams.get('returnTo'), '/home') : 'done'
}

export interface Started {
  readonly origin: string
  /** How often a protected handler ran. */
  reached(): number
  close(): unknown
}

export type Start = (sessions: AnySessions) => Promise<Started>

async function listen(server: Server, reached: () => number): Promise<Started> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, reached, close: () => server.close() }
}

const fail = (response: ServerResponse, error: unknown): void => {
  const { status = 500, message } = error as { status?: number; message: string }
  response.writeHead(status).end(message)
}

function startExpress(create: typeof express): Start {
  return (sessions) => {
    let count = 0
    const app = create()
    const protect = requirementsOf(onExpress)
    app.use((_req, res, next) => {
      res.set('Vary', 'Origin')
      next()
    })
    app.use(onExpress.expressSessions(sessions))
    app.use((req, res, next) => {
      open(sessions.get(req), req.originalUrl).then((text) => (text === null ? next() : res.end(text)), next)
    })
    const reach = (req: express.Request, res: express.Response): void => {
      count++
      res.end(`${req.session.userId} reached it`)
    }
    for (const path of PATHS) app.all(path, protect[path], reach)
    app.use(protect['*'], reach)
    app.use(((error, _req, res, _next) => fail(res, error)) satisfies express.ErrorRequestHandler)
    return listen(createServer(app), () => count)
  }
}

/** As the error handlers of the other applications: the message is the page. */
@Catch()
class ShowMessage extends BaseExceptionFilter {
  override catch(error: Error, host: ArgumentsHost): void {
    super.catch(error instanceof HttpException ? error : new HttpException(error.message, 500), host)
  }
}

function startOnNest(platform: Platform): Start {
  return async (sessions) => {
    let count = 0
    const protect = requirementsOf(onNest)
    @Controller()
    class Open {
      @All(['login', 'prove', 'back'])
      open(@onNest.CurrentSession() session: AnySession, @Req() { originalUrl }: { originalUrl: string }) {
        return open(session, originalUrl)
      }
    }
    const controllers = Object.entries(protect).map(([path, guard]) => {
      @Controller()
      class Protected {
        @All(path === '*' ? EVERY_PATH[platform] : path)
        @UseGuards(guard)
        reach(@onNest.CurrentSession() session: AnySession): string {
          count++
          return `${session.userId} reached it`
        }
      }
      return Protected
    })
    const { origin, close } = await startNest(
      platform,
      [onNest.SessionsModule.forRoot({ sessions })],
      [Open, ...controllers],
      (nest) => {
        nest.use((_: unknown, response: ServerResponse, next: () => void) => {
          response.setHeader('vary', 'Origin')
          next()
        })
        nest.useGlobalFilters(new ShowMessage(nest.getHttpAdapter()))
      },
    )
    return { origin, reached: () => count, close }
  }
}

const pathOf = (url = '/'): Path => {
  const path = url.split('?', 1)[0]
  return PATHS.find((each) => each === path) ?? '*'
}

export const FRAMEWORKS: Readonly<Record<string, Start>> = {
  'Express 5': startExpress(express),
  'Express 4': startExpress(express4 as never),

  Connect(sessions) {
    let count = 0
    const app = createConnect()
    const protect = requirementsOf(onNode)
    app.use((_request, response, next) => {
      response.setHeader('Vary', 'Origin')
      next()
    })
    app.use(onNode.nodeSessions(sessions))
    app.use((request, response, next) => {
      open(sessions.get(request), request.originalUrl ?? '/').then(
        (text) => (text === null ? next() : response.end(text)),
        next,
      )
    })
    for (const path of PATHS) app.use(path, protect[path] as createConnect.NextHandleFunction)
    app.use((request, response, next) => {
      if (pathOf(request.originalUrl) === '*') protect['*'](request, response, next)
      else next()
    })
    app.use((request, response) => {
      count++
      response.end(`${sessions.get(request).userId} reached it`)
    })
    app.use(((error: unknown, _request: IncomingMessage, response: ServerResponse, _next: unknown) =>
      fail(response, error)) as never)
    return listen(createServer(app), () => count)
  },

  'node:http'(sessions) {
    let count = 0
    const protect = requirementsOf(onNode)
    const handle = onNode.withNodeSession(sessions, async (request, response, session) => {
      response.setHeader('Vary', 'Origin')
      const text = await open(session, request.url ?? '/')
      if (text !== null) return void response.end(text)
      protect[pathOf(request.url)](request, response, (error) => {
        if (error !== undefined) return fail(response, error)
        count++
        response.end(`${session.userId} reached it`)
      })
    })
    return listen(
      createServer((request, response) => void handle(request, response)),
      () => count,
    )
  },

  async Fastify(sessions) {
    let count = 0
    const app = Fastify()
    const protect = requirementsOf(onFastify)
    app.addHook('onRequest', async (_request, reply) => void reply.header('vary', 'Origin'))
    app.register(onFastify.fastifySessions, { sessions })
    const reach = async (request: { readonly session: { readonly userId: string | null } }) => {
      count++
      return `${request.session.userId} reached it`
    }
    for (const url of PATHS)
      app.route({ method: ['GET', 'POST', 'PUT'], url, preHandler: protect[url], handler: reach })
    app.setNotFoundHandler({ preHandler: protect['*'] }, async (request, reply) => {
      const text = await open(sessions.get(request), request.originalUrl)
      reply.code(200)
      return text ?? reach(request)
    })
    for (const url of ['/login', '/prove', '/back'])
      app.route({
        method: ['GET', 'POST'],
        url,
        handler: (request) => open(sessions.get(request), request.originalUrl),
      })
    app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) =>
      reply.code(error.statusCode ?? 500).send(error.message),
    )
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    return { origin, reached: () => count, close: () => app.close() }
  },

  'NestJS on Express': startOnNest('Express'),
  'NestJS on Fastify': startOnNest('Fastify'),

  async Hono(sessions) {
    let count = 0
    const app = new Hono()
    const protect = requirementsOf(onHono)
    app.use(async (c, next) => {
      c.header('vary', 'Origin')
      await next()
    })
    app.use(onHono.honoSessions(sessions))
    app.use(async (c, next) => {
      const text = await open(sessions.get(c), c.req.url)
      return text === null ? next() : c.text(text)
    })
    for (const path of PATHS)
      app.all(path, protect[path], (c) => {
        count++
        return c.text(`${c.var.session.userId} reached it`)
      })
    app.all('*', protect['*'], (c) => {
      count++
      return c.text(`${c.var.session.userId} reached it`)
    })
    app.onError((error, c) => c.text(error.message, (error as { status?: 500 }).status ?? 500))
    const server = await new Promise<Server>((listening) => {
      const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => listening(started as Server))
    })
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      reached: () => count,
      close: () => server.close(),
    }
  },

  Koa(sessions) {
    let count = 0
    const app = new Koa()
    const protect = requirementsOf(onKoa)
    app.use(async (ctx, next) => {
      ctx.set('vary', 'Origin')
      try {
        await next()
      } catch (error) {
        const { status = 500, message } = error as { status?: number; message: string }
        ctx.status = status
        ctx.body = message
      }
    })
    app.use(onKoa.koaSessions(sessions))
    app.use(async (ctx, next) => {
      const text = await open(sessions.get(ctx), ctx.originalUrl)
      if (text === null) return next()
      ctx.body = text
    })
    app.use((ctx, next) => protect[pathOf(ctx.originalUrl)](ctx, next))
    app.use((ctx) => {
      count++
      ctx.body = `${ctx.session.userId} reached it`
    })
    return listen(createServer(app.callback()), () => count)
  },

  async SvelteKit(sessions) {
    let count = 0
    const protect = requirementsOf(onSvelteKit)
    const mount = onSvelteKit.svelteKitSessions(sessions)
    const server = await serveSvelteKit({
      handle: ({ event, resolve }) =>
        mount({
          event,
          async resolve(inner) {
            try {
              const text = await open(sessions.get(inner), inner.request.url)
              if (text !== null) return new Response(text, { headers: { vary: 'Origin' } })
              const response = await protect[pathOf(inner.url.pathname)]({ event: inner, resolve })
              response.headers.append('vary', 'Origin')
              return response
            } catch (error) {
              return new Response((error as Error).message, { status: 500 })
            }
          },
        }),
      answer({ locals }) {
        count++
        return new Response(`${locals.session.userId} reached it`)
      },
    })
    return { ...server, reached: () => count }
  },

  async 'React Router'(sessions) {
    let count = 0
    const protect = requirementsOf(onReactRouter)
    const server = await serveReactRouter({
      middleware: [
        onReactRouter.reactRouterSessions(sessions),
        async (args, next) => {
          try {
            const text = await open(sessions.get(args.context), args.request.url)
            if (text !== null) return new Response(text, { headers: { vary: 'Origin' } })
            const response = await protect[pathOf(new URL(args.request.url).pathname)](args, next)
            response.headers.append('vary', 'Origin')
            return response
          } catch (error) {
            return new Response((error as Error).message, { status: 500 })
          }
        },
      ],
      answer({ context }) {
        count++
        return new Response(`${context.get(onReactRouter.sessionContext).userId} reached it`)
      },
    })
    return { ...server, reached: () => count }
  },

  fetch(sessions) {
    let count = 0
    const protect = requirementsOf(onFetch)
    const handle = onFetch.withSession(sessions, async (request, session) => {
      const text = await open(session, request.url)
      if (text !== null) return new Response(text, { headers: { vary: 'Origin' } })
      const reach = protect[pathOf(request.url.slice(new URL(request.url).origin.length))](
        (_request, { userId }: AnySession) => {
          count++
          return new Response(`${userId} reached it`)
        },
      )
      try {
        const response = await reach(request, session)
        response.headers.append('vary', 'Origin')
        return response
      } catch (error) {
        return new Response((error as Error).message, { status: 500 })
      }
    })
    return listen(createServer(onNode.toNodeHandler(handle)), () => count)
  },
}
