import {
  type Carrier,
  createSessions,
  type Exchange,
  memoryStore,
  type RequestView,
  type Sessions,
  type Token,
} from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import type { Case } from '../case.ts'
import { besides, HEADER, withCompanion } from './companion.ts'
import type { CarrierContext } from './context.ts'
import { createQuietCarrier, TOKEN, UNTIL_CLOSED } from './tokens.ts'

interface Two {
  readonly sessions: Sessions<{ theme?: string }>
  readonly carrier: Carrier
  /** Logs a user in, and returns the token. */
  login(userId: string): Promise<Token>
  /** A request with this token on the author's carrier, and this text on the other. */
  open(own: Token | null, other: string | null): Promise<Exchange<{ theme?: string }>>
}

async function withTwo(ctx: CarrierContext, work: (two: Two) => Promise<void>): Promise<void> {
  const carrier = createQuietCarrier(ctx)
  const sessions = createSessions<{ theme?: string }>({
    store: memoryStore(),
    carriers: withCompanion(carrier),
    warn: () => {},
  })
  const viewOf = (own: Token | null, other: string | null): RequestView => {
    const owner = ctx.createClient()
    if (own !== null) owner.receive(carrier.write(owner.request(), own, UNTIL_CLOSED))
    return besides(owner.request(), other)
  }
  try {
    await work({
      sessions,
      carrier,
      async login(userId) {
        // A token that nobody issued makes the companion the carrier of this request.
        const exchange = await sessions.open(viewOf(null, 'nothing'))
        await exchange.session.login(userId)
        return ((await exchange.commit()).find(({ name }) => name === HEADER)?.value ?? '') as Token
      },
      open: async (own, other) => sessions.open(viewOf(own, other)),
    })
  } finally {
    await sessions.close()
  }
}

const namesOf = (vary: string): readonly string[] => vary.toLowerCase().split(/, ?/)

export const besideCases: readonly Case<CarrierContext>[] = [
  {
    name: 'of two carriers, the one that no browser uses by itself is used for the whole request',
    guarantee: '3 Strict',
    run: (ctx) =>
      withTwo(ctx, async ({ carrier, login, open }) => {
        const [ada, bob] = [await login('ada'), await login('bob')]
        const { session, commit } = await open(ada, bob)
        assertEqual(session.userId, carrier.ambient ? 'bob' : 'ada', 'who is logged in')
        await session.rotate()
        await commit()
        assertEqual((await open(null, bob)).session.userId, carrier.ambient ? null : 'bob', 'who is left on the other')
        assertEqual((await open(ada, null)).session.userId, carrier.ambient ? 'ada' : null, 'who is left on this one')
      }),
  },
  {
    name: 'a logout ends what the client presents on both, and the client forgets it',
    guarantee: '1 Ended is ended',
    run: (ctx) =>
      withTwo(ctx, async ({ carrier, login, open }) => {
        const [ada, bob] = [await login('ada'), await login('bob')]
        for (const [own, other] of [
          [ada, bob],
          [TOKEN, await login('eve')],
          [await login('eve'), TOKEN],
        ] as const) {
          const { session, commit } = await open(own, other)
          await session.logout()
          const sent = (await commit()).map(({ name }) => name)
          const cleared = [HEADER, ...carrier.clear(ctx.createClient().request()).map(({ name }) => name)]
          assertEqual(
            cleared.filter((name) => !sent.includes(name)),
            [],
            'headers that clear a token and were not sent',
          )
          assertEqual((await open(own, null)).session.userId, null, 'who is left on this one')
          assertEqual((await open(null, other)).session.userId, null, 'who is left on the other')
        }
      }),
  },
  {
    name: 'a bad token on the carrier in use never falls back to the other carrier',
    guarantee: '3 Strict',
    run: (ctx) =>
      withTwo(ctx, async ({ carrier, login, open }) => {
        const ada = await login('ada')
        const { session } = carrier.ambient ? await open(ada, TOKEN) : await open(TOKEN, ada)
        assertEqual(session.userId, null, 'who is logged in')
        assert(session.refused !== null, 'the request does not say that its token was refused')
      }),
  },
  {
    name: 'a request that presents nothing here is left to the other carrier, and one that presents nothing there to this one',
    run: (ctx) =>
      withTwo(ctx, async ({ login, open }) => {
        const ada = await login('ada')
        assertEqual((await open(null, ada)).session.userId, 'ada', 'who is logged in on the other')
        assertEqual((await open(ada, null)).session.userId, 'ada', 'who is logged in on this one')
      }),
  },
  {
    name: 'a response that depends on the session varies by the headers of every carrier',
    guarantee: '8 Quiet',
    run: (ctx) =>
      withTwo(ctx, async ({ carrier, open }) => {
        const { session, commit } = await open(null, null)
        assertEqual(session.userId, null, 'who is logged in')
        const vary = (await commit()).filter(({ name }) => name === 'vary').flatMap(({ value }) => namesOf(value))
        for (const name of [...namesOf(carrier.vary), HEADER]) {
          assert(name !== '' && vary.includes(name), `Vary does not name "${name}"`)
        }
      }),
  },
  {
    name: 'two live tokens open neither session',
    guarantee: '3 Strict',
    needs: ['presenting'],
    run: (ctx) =>
      withTwo(ctx, async ({ sessions, login }) => {
        const tokens = [await login('ada'), await login('bob')]
        const presented = ctx.presenting?.(tokens)
        assert(presented !== undefined, 'the context has no presenting')
        const { session } = await sessions.open(presented)
        assertEqual([session.userId, session.refused], [null, 'ambiguous'], 'who is logged in, and why not')
      }),
  },
]
