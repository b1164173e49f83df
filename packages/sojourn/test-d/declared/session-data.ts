/** An application that declares its data. A program of its own, because a declaration reaches all files of a program. */
import { Controller, Get } from '@nestjs/common'
import type { RequestEvent } from '@sveltejs/kit'
import connect from 'connect'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions, type RequestData, type Session } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { CurrentSession } from 'sojourn/nestjs'
import { nodeSessions } from 'sojourn/node'
import { svelteKitSessions } from 'sojourn/sveltekit'
import * as v from 'valibot'
import { expectTypeOf } from 'vitest'

const data = v.object({ cart: v.optional(v.array(v.string()), []), theme: v.optional(v.picklist(['dark', 'light'])) })
const sessions = createSessions({ data })

declare module 'sojourn' {
  interface SessionData extends v.InferOutput<typeof data> {}
}

// The declaration and the schema are one type, so a session of the schema fits where the declared one is expected.
const exact: Session<v.InferOutput<typeof data>> = sessions.get({})
const declared: Session = exact
expectTypeOf(declared.data.cart).toEqualTypeOf<string[]>()
expectTypeOf<RequestData['theme']>().toEqualTypeOf<'dark' | 'light' | undefined>()

const app = express()
app.use(expressSessions(sessions))
app.post('/', async (req, res) => {
  expectTypeOf(req.session.data.cart).toEqualTypeOf<string[]>()
  expectTypeOf(await req.session.update('cart', (cart) => [...cart, 'lamp'])).toEqualTypeOf<string[]>()
  req.session.data.theme = 'dark'
  // @ts-expect-error: not in the schema
  req.session.data.crat
  // @ts-expect-error: not a theme
  req.session.data.theme = 'blue'
  // @ts-expect-error: not a key
  await req.session.update('crat', () => [])
  // @ts-expect-error: not what the cart consists of
  await req.session.update('cart', (cart) => [...cart, 4])
  res.end()
})

Fastify()
  .register(fastifySessions, { sessions })
  .get('/', async (request) => {
    expectTypeOf(request.session.data.cart).toEqualTypeOf<string[]>()
    // @ts-expect-error: not in the schema
    request.session.data.crat
    return request.session.userId
  })

new Hono().use(honoSessions(sessions)).get('/', (c) => {
  expectTypeOf(c.var.session.data.cart).toEqualTypeOf<string[]>()
  // @ts-expect-error: not in the schema
  c.get('session').data.crat
  return c.text(c.var.session.userId ?? '')
})

new Koa().use(koaSessions(sessions)).use((ctx) => {
  expectTypeOf(ctx.session.data.cart).toEqualTypeOf<string[]>()
  // @ts-expect-error: not in the schema
  ctx.session.data.crat
})

@Controller()
export class CartController {
  @Get()
  show(@CurrentSession() session: Session) {
    expectTypeOf(session.data.cart).toEqualTypeOf<string[]>()
    // @ts-expect-error: not in the schema
    session.data.crat
  }
}

svelteKitSessions(sessions)
export const load = ({ locals }: RequestEvent): void => {
  expectTypeOf(locals.session.data.cart).toEqualTypeOf<string[]>()
  // @ts-expect-error: not in the schema
  locals.session.data.crat
}

connect().use(nodeSessions(sessions))
withSession(sessions, (_, session) => Response.json(session.data.cart))

// Another kind of sessions in the same application.
const admins = createSessions({ data: v.object({ role: v.optional(v.string()) }) })
expectTypeOf(admins.get({}).data.role).toEqualTypeOf<string | undefined>()
// @ts-expect-error: these sessions have no cart
admins.get({}).data.cart

// A helper for any session of the application.
async function add(session: Session, item: string): Promise<void> {
  await session.update('cart', (cart) => [...cart, item])
}
await add(sessions.get({}), 'lamp')
