import { createServer } from 'node:http'
import { initTRPC, TRPCError } from '@trpc/server'
import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import { createSessions, type Session } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { toNodeHandler } from 'sojourn/node'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from './support/node-reply.ts'
import { failingStore } from './support/stores.ts'
import { createVisitor, type Visitor } from './support/visitor.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Sessions = ReturnType<typeof createSessions>

async function serve(sessions: Sessions, headSent?: Promise<void>): Promise<Visitor> {
  const t = initTRPC.context<{ session: Session<Record<string, unknown>> }>().create()
  const signedIn = t.procedure.use(({ ctx, next }) => {
    if (ctx.session.userId === null) throw new TRPCError({ code: 'UNAUTHORIZED' })
    return next({ ctx: { userId: ctx.session.userId } })
  })
  const router = t.router({
    login: t.procedure.mutation(({ ctx }) => ctx.session.login('ada')),
    loginAndFail: t.procedure.mutation(async ({ ctx }) => {
      await ctx.session.login('ada')
      throw new TRPCError({ code: 'CONFLICT' })
    }),
    loginLate: t.procedure.mutation(async ({ ctx }) => {
      await headSent
      await ctx.session.login('ada')
    }),
    whoami: signedIn.query(({ ctx }) => ctx.userId),
    add: t.procedure.mutation(async ({ ctx }) => {
      await ctx.session.update('count', (count) => ((count as number | undefined) ?? 0) + 1)
    }),
    count: t.procedure.query(({ ctx }) => ctx.session.data.count ?? 0),
  })
  const handler = withSession(sessions, (req, session) =>
    fetchRequestHandler({
      endpoint: '/trpc',
      req,
      router,
      createContext: () => ({ session: session as Session<Record<string, unknown>> }),
    }),
  )
  const { origin, close } = await listen(createServer(toNodeHandler((request) => handler(request))))
  closing.push(close)
  return createVisitor(`${origin}/trpc`)
}

const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }

describe('tRPC', () => {
  test('a mutation logs in, and a protected query sees the user', async () => {
    const visitor = await serve(createSessions())
    expect((await visitor.fetch('/whoami')).status).toBe(401)
    expect((await visitor.fetch('/login', POST)).status).toBe(200)
    expect(await (await visitor.fetch('/whoami')).json()).toEqual({ result: { data: 'ada' } })
  })

  test('all procedures of a batch share one session, and none of their updates is lost', async () => {
    const visitor = await serve(createSessions())
    await visitor.fetch('/login', POST)
    const batch = Array.from({ length: 5 }, () => 'add').join(',')
    expect((await visitor.fetch(`/${batch}?batch=1`, POST)).status).toBe(200)
    expect(await (await visitor.fetch('/count')).json()).toEqual({ result: { data: 5 } })
  })

  test('an error thrown after a login does not lose the new token', async () => {
    const visitor = await serve(createSessions())
    const response = await visitor.fetch('/loginAndFail', POST)
    expect([response.status, response.headers.getSetCookie().length]).toEqual([409, 1])
    expect((await visitor.fetch('/whoami')).status).toBe(200)
  })

  test('a batch that streams sent its headers: a login in it is refused, and nobody is logged in', async () => {
    const sessions = createSessions()
    let tell = (): void => {}
    const headSent = new Promise<void>((resolve) => {
      tell = resolve
    })
    const visitor = await serve(sessions, headSent)
    const headers = { ...POST.headers, 'trpc-accept': 'application/jsonl' }
    const response = await visitor.fetch('/loginLate,add?batch=1', { ...POST, headers })
    tell()
    expect(await response.text()).toContain('The response has begun')
    expect(await sessions.list('ada')).toEqual([])
  })

  test('a mutation that another site sends is refused before its procedure runs', async () => {
    const visitor = await serve(createSessions())
    const headers = { ...POST.headers, origin: 'https://evil.example' }
    expect((await visitor.fetch('/login', { ...POST, headers })).status).toBe(403)
  })

  test('a login that cannot be stored logs nobody in', async () => {
    const visitor = await serve(createSessions({ store: failingStore('create') }))
    const response = await visitor.fetch('/login', POST)
    expect([response.status >= 500, response.headers.getSetCookie()]).toEqual([true, []])
  })
})
