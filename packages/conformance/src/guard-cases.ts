import type { Answer, Guard, RequestView } from 'sojourn'
import { assert, assertEqual } from './assert.ts'
import type { Case } from './case.ts'
import type { GuardContext } from './guard/context.ts'
import { type Visit, withVisit } from './guard/visit.ts'

const GUARANTEES: readonly string[] = ['ended', 'lost-update', 'fresh-token', 'list']
const MOMENTS = ['check', 'opened', 'login', 'leaving'] as const

const PIECES = [
  '',
  ' ',
  ',',
  ';',
  '"',
  '\0',
  '\r\nevil: 1',
  '%00',
  '%zz',
  'null',
  '{}',
  '\u{e4}',
  '\ud800',
  '__proto__',
  '1e999',
]
/** Headers that guards have reason to read. */
const READ_BY_GUARDS = [
  'origin',
  'referer',
  'user-agent',
  'accept-language',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-ch-ua',
  'x-forwarded-for',
  'authorization',
  'content-type',
  'cookie',
  'x-csrf-token',
  'sec-secure-session-id',
  'secure-session-response',
  'secure-session-skipped',
]
const PATHS = ['', '*', '//evil', '/\0', `/${'e'.repeat(50_000)}`, '/..;/', '/%']
const MOST_MS_FOR_A_MEGABYTE = 1000

function hostileViews(honest: RequestView): readonly RequestView[] {
  const withHeader = (name: string, text: string): RequestView => ({
    ...honest,
    header: (asked) => (asked === name ? text : honest.header(asked)),
  })
  return [
    ...READ_BY_GUARDS.flatMap((name) => PIECES.map((piece) => withHeader(name, piece))),
    ...PATHS.map((url) => ({ ...honest, url })),
    ...['', 'TRACE', 'get', '\0'].map((method) => ({ ...honest, method })),
    ...['', 'evil', '::1', '999.1.1.1', null].map((peer) => ({ ...honest, peer })),
    { ...honest, header: () => null },
  ]
}

const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e]*$/

function assertHeader(name: string, value: string): void {
  assert(HEADER_NAME.test(name), 'a header name is not a token in lower case')
  assert(HEADER_VALUE.test(value), 'a header value has a control character, or one beyond ASCII')
}

function assertAnswer({ status, reason, message, headers = {} }: Answer): void {
  assert(Number.isInteger(status) && status >= 200 && status <= 599, `the status ${status} is no status of a response`)
  assert(/^[a-z][a-z0-9-]*$/.test(reason), 'the reason is not one lower-case word')
  assert(typeof message === 'string' && message !== '', 'the answer has no message')
  for (const [name, value] of Object.entries(headers)) assertHeader(name, value)
}

/** One visit of a user who reads, logs in, works, proves their identity again, and logs out. */
async function visitHonestly(visit: Visit): Promise<void> {
  const step = async (method: string, work: (session: Parameters<Handler>[0]) => unknown): Promise<void> => {
    const exchange = await visit.open(visit.request(method))
    assertEqual(exchange.answer, null, `the answer to an honest ${method}`)
    await work(exchange.session)
    await visit.finish(exchange)
  }
  const isAda: Handler = ({ userId }) => assertEqual(userId, 'ada', 'who is logged in')
  await step('GET', () => {})
  await step('POST', (session) => session.login('ada', { methods: ['pwd'] }))
  await step('GET', isAda)
  await step('POST', (session) => {
    isAda(session)
    session.data.cart = [1]
  })
  await step('POST', (session) => session.reauthenticated())
  await step('GET', isAda)
  await step('POST', (session) => session.logout())
  await step('GET', ({ userId }) => assertEqual(userId, null, 'who is logged in after the logout'))
}
type Handler = (session: Awaited<ReturnType<Visit['open']>>['session']) => unknown

/** The same guard, with each moment's argument handed to `look` before. */
function observed(guard: Guard, look: (sight: object) => void, see: (result: unknown) => void = () => {}): Guard {
  const moments = MOMENTS.filter((moment) => guard[moment] !== undefined).map((moment) => {
    const call = guard[moment] as (...args: object[]) => unknown
    return [
      moment,
      (...args: object[]) => {
        look(args[0] as object)
        const result = call.apply(guard, args)
        void Promise.resolve(result).then(see, () => {})
        return result
      },
    ]
  })
  return { ...guard, ...Object.fromEntries(moments) }
}

/** The contract of a guard: core and the users of the guard rely on it. */
export const guardCases: readonly Case<GuardContext>[] = [
  {
    name: 'a guard declares its name, and has at least one moment',
    async run(ctx) {
      const guard = ctx.createGuard()
      assert(/^[a-z][a-z0-9-]*$/.test(guard.name), 'its name is not one lower-case word')
      assert(
        MOMENTS.some((moment) => typeof guard[moment] === 'function'),
        `it has none of ${MOMENTS.join(', ')}`,
      )
      assert([undefined, 'deny', 'allow'].includes(guard.whenDown), "whenDown is neither 'deny' nor 'allow'")
      const unknown = guard.needs?.find((need) => !GUARANTEES.includes(need))
      assertEqual(unknown, undefined, 'what it needs that no store lacks')
    },
  },
  {
    name: 'an honest user is never refused: reads, a login, writes, a new proof, a logout',
    run: (ctx) =>
      withVisit(ctx, async (visit) => {
        await visitHonestly(visit)
        const faults = visit.events.filter(({ type }) => type === 'fault' || type === 'denied')
        assertEqual(faults.length, 0, 'faults and denials of an honest visit')
      }),
  },
  {
    name: 'hostile requests never make it throw, and its answers are well formed',
    guarantee: '9 Hostile input costs nothing',
    run: (ctx) =>
      withVisit(ctx, async (visit) => {
        const login = await visit.open(visit.request('POST'))
        await login.session.login('ada')
        await visit.finish(login)
        for (const method of ['GET', 'POST']) {
          for (const view of hostileViews(visit.request(method))) {
            const exchange = await visit.open(view)
            if (exchange.answer !== null) assertAnswer(exchange.answer)
            await visit.finish(exchange)
          }
        }
        for (const { name, value } of visit.sent) assertHeader(name, value)
        assertEqual(visit.events.filter(({ type }) => type === 'fault').length, 0, 'faults of hostile requests')
      }),
  },
  {
    name: 'it answers every request to its endpoints, so that no handler runs there',
    run: (ctx) =>
      withVisit(ctx, async (visit) => {
        const endpoints = ctx.createGuard().endpoints ?? []
        for (const url of endpoints) {
          assert(/^\/[\w~-][\w./~-]*$/.test(url), `the endpoint ${JSON.stringify(url)} is not a plain path`)
        }
        const ask = async (): Promise<void> => {
          for (const url of endpoints.flatMap((path) => [path, `${path}?x=1`])) {
            for (const method of ['POST', 'GET', 'PUT']) {
              const exchange = await visit.open({ ...visit.request(method), url })
              assert(exchange.answer !== null, `a ${method} of ${url} reaches a handler`)
              assertAnswer(exchange.answer)
              await visit.finish(exchange)
            }
          }
        }
        await ask()
        const login = await visit.open(visit.request('POST'))
        await login.session.login('ada')
        await visit.finish(login)
        await ask()
      }),
  },
  {
    name: 'a header of a megabyte is read in time proportional to its length',
    guarantee: '9 Hostile input costs nothing',
    run: (ctx) =>
      withVisit(ctx, async (visit) => {
        for (const name of READ_BY_GUARDS) {
          for (const piece of ['a', ',', '(', ' ', 'a=b; ']) {
            const view = visit.request('POST', { [name]: piece.repeat(Math.ceil(1_000_000 / piece.length)) })
            const began = performance.now()
            await visit.open(view)
            const ms = Math.round(performance.now() - began)
            assert(ms < MOST_MS_FOR_A_MEGABYTE, `a megabyte of ${JSON.stringify(piece)} in ${name} took ${ms} ms`)
          }
        }
      }),
  },
  {
    name: 'it changes nothing in the objects that it receives',
    async run(ctx) {
      const freeze = (sight: object): void => {
        const { view } = sight as { view?: object }
        Object.freeze(sight)
        if (view !== undefined) Object.freeze(view)
      }
      const guard = observed(ctx.createGuard(), freeze)
      await withVisit(ctx, visitHonestly, guard)
    },
  },
  {
    name: 'none of its headers, notes, events and answers contains a token',
    guarantee: '4 Hashed at rest',
    async run(ctx) {
      const said: unknown[] = []
      const guard = observed(
        ctx.createGuard(),
        () => {},
        (result) => void said.push(result),
      )
      await withVisit(
        ctx,
        async (visit) => {
          await visitHonestly(visit)
          const own = visit.sent.filter(({ name }) => name !== 'set-cookie')
          const all = JSON.stringify([said, own, visit.events])
          for (const token of visit.tokens.filter((text) => text !== '')) {
            assert(!all.includes(token), 'a token is in what the guard said')
          }
        },
        guard,
      )
    },
  },
]
