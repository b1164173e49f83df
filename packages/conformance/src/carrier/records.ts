import { type Carrier, createSessions, type Exchange, type Guarantee, memoryStore, type Sessions } from 'sojourn'
import { assert, assertCode, assertEqual } from '../assert.ts'
import type { Case, CaseContext } from '../case.ts'
import type { CarrierClient } from './context.ts'
import { copyOf, isCaching, tampered } from './requests.ts'

/** What the author of a carrier that holds the record (`Carrier.records`) provides for its cases. */
export interface RecordCarrierContext extends CaseContext {
  /** Creates the carrier as one process of the application has it. All of them share keys. */
  createCarrier(): Carrier
  /** A client that has not received anything yet. */
  createClient(): CarrierClient
}

type Data = Record<string, unknown>

interface Scene {
  /** How many records the application's own store was asked to create. */
  readonly created: () => number
  advance(ms: number): void
  process(): Sessions<Data>
  client(): Visitor
}

interface Visitor extends CarrierClient {
  /** One request and its response. Returns what the work returns, and whether the response sent anything. */
  send<T>(
    work: (exchange: Exchange<Data>) => T | Promise<T>,
    by?: Sessions<Data>,
  ): Promise<{ value: T; isSent: boolean }>
}

const MINUTE = 60_000

async function withScene(ctx: RecordCarrierContext, work: (scene: Scene) => Promise<void>): Promise<void> {
  let now = Date.UTC(2030, 0, 1)
  let created = 0
  const shared = memoryStore()
  const store: typeof shared = {
    ...shared,
    create(record) {
      created++
      return shared.create(record)
    },
  }
  const open: Sessions<Data>[] = []
  const process = (): Sessions<Data> => {
    const carrier = ctx.createCarrier()
    const lacks = Object.keys(carrier.records?.lacks ?? {}) as Guarantee[]
    const sessions = createSessions<Data>({
      store,
      carriers: [carrier],
      insecureStoreLacks: lacks,
      insecureNoCrossOriginCheck: true,
      clock: () => now,
      warn: () => {},
    })
    open.push(sessions)
    return sessions
  }
  const first = process()
  try {
    await work({
      created: () => created,
      advance(ms) {
        now += ms
      },
      process,
      client() {
        const client = ctx.createClient()
        return {
          request: () => client.request(),
          receive: (changes) => client.receive(changes),
          async send(handler, by = first) {
            const exchange = await by.open(client.request())
            const value = await handler(exchange)
            const changes = (await exchange.commit()).filter(({ name }) => !isCaching(name))
            client.receive(changes)
            await exchange.finish()
            return { value, isSent: changes.length > 0 }
          },
        }
      },
    })
  } finally {
    for (const sessions of open) await sessions.close()
  }
}

const userOf = ({ session }: Exchange<Data>): string | null => session.userId

export const recordCarrierCases: readonly Case<RecordCarrierContext>[] = [
  {
    name: 'nothing is sent before something is written, and reading sends nothing',
    guarantee: '8 Quiet',
    run: (ctx) =>
      withScene(ctx, async ({ client }) => {
        const visitor = client()
        assertEqual(
          (await visitor.send(({ session }) => session.data.cart)).isSent,
          false,
          'a first visit sends a header',
        )
        await visitor.send(({ session }) => session.login('ada'))
        assertEqual((await visitor.send(userOf)).isSent, false, 'a read sends a header')
      }),
  },
  {
    name: 'what one process stores, another process reads from the client, and no store was asked to keep it',
    guarantee: '2 No lost update',
    run: (ctx) =>
      withScene(ctx, async ({ client, process, created }) => {
        const visitor = client()
        await visitor.send(async ({ session }) => {
          await session.login('ada', { methods: ['pwd'] })
          session.data.cart = ['tea']
        })
        await visitor.send(({ session }) => {
          session.data.theme = 'dark'
        })
        await visitor.send(({ session }) => session.update('count', () => 1))
        const { value } = await visitor.send(
          ({ session }) => [session.userId, session.methods, { ...session.data }],
          process(),
        )
        assertEqual<unknown>(value, ['ada', ['pwd'], { cart: ['tea'], theme: 'dark', count: 1 }], 'what is read')
        assertEqual(created(), 0, 'records in the store of the application')
        assertEqual((await client().send(userOf)).value, null, 'who another client is')
      }),
  },
  {
    name: 'a record that was changed on the way opens nothing',
    guarantee: '3 Strict',
    run: (ctx) =>
      withScene(ctx, async ({ client, process }) => {
        const visitor = client()
        await visitor.send(({ session }) => session.login('ada'))
        const sessions = process()
        const carrier = ctx.createCarrier()
        for (const view of tampered(visitor.request(), carrier)) {
          const { session } = await sessions.open(view)
          assertEqual(session.userId, null, 'who is logged in with a changed record')
        }
      }),
  },
  {
    name: 'both limits end it, however often its client presents it',
    guarantee: '6 Two clocks',
    run: (ctx) =>
      withScene(ctx, async ({ client, advance }) => {
        const idle = client()
        await idle.send(({ session }) => session.login('ada'))
        advance(31 * MINUTE)
        assertEqual((await idle.send(userOf)).value, null, 'who is logged in after the idle limit')
        const busy = client()
        await busy.send(({ session }) => session.login('ada'))
        for (let minutes = 0; minutes < 719; minutes += 20) {
          assertEqual((await busy.send(userOf)).value, 'ada', `who is logged in after ${minutes} minutes`)
          advance(20 * MINUTE)
        }
        assertEqual((await busy.send(userOf)).value, null, 'who is logged in after the absolute limit')
      }),
  },
  {
    name: 'a logout makes the client forget it',
    guarantee: '1 Ended is ended',
    run: (ctx) =>
      withScene(ctx, async ({ client }) => {
        const visitor = client()
        await visitor.send(({ session }) => session.login('ada'))
        await visitor.send(({ session }) => session.logout())
        assertEqual(
          (await visitor.send(({ session }) => [session.userId, session.refused])).value,
          [null, null],
          'what is left',
        )
      }),
  },
  {
    name: 'a login and a rotation send a fresh token, and another user gets none of the data',
    guarantee: '5 Fresh token',
    run: (ctx) =>
      withScene(ctx, async ({ client }) => {
        const visitor = client()
        const idOf = async (): Promise<string> => (await visitor.send(({ session }) => session.id)).value
        await visitor.send(({ session }) => {
          session.data.cart = ['tea']
        })
        const anonymous = await idOf()
        await visitor.send(({ session }) => session.login('ada'))
        assert((await idOf()) !== anonymous, 'the id is the same after the login')
        assertEqual<unknown>(
          (await visitor.send(({ session }) => session.data.cart)).value,
          ['tea'],
          'the data after it',
        )
        const carrier = ctx.createCarrier()
        const before = carrier.read(visitor.request()).values
        await visitor.send(({ session }) => session.rotate())
        assert(carrier.read(visitor.request()).values[0] !== before[0], 'the token is the same after a rotation')
        assertEqual((await visitor.send(userOf)).value, 'ada', 'who is logged in after the rotation')
        await visitor.send(({ session }) => session.login('eve'))
        assertEqual<unknown>((await visitor.send(({ session }) => session.data)).value, {}, 'the data of another user')
      }),
  },
  {
    name: 'a write that can no longer be sent is an error',
    guarantee: '2 No lost update',
    run: (ctx) =>
      withScene(ctx, async ({ client, process }) => {
        const visitor = client()
        await visitor.send(({ session }) => session.login('ada'))
        const sessions = process()
        const { session, commit } = await sessions.open(visitor.request())
        await commit()
        await assertCode(() => session.update('late', () => 1), 'ERR_HEADERS_SENT', 'an update after the headers')
        const socket = await sessions.open({ ...copyOf(visitor.request()), canSetHeaders: false })
        assertEqual(socket.session.userId, 'ada', 'who is logged in on a socket')
        await assertCode(() => socket.session.update('x', () => 1), 'ERR_NO_HEADERS', 'an update on a socket')
      }),
  },
  {
    name: 'two requests at once do not see what the other writes',
    guarantee: '3 Strict',
    run: (ctx) =>
      withScene(ctx, async ({ client, process }) => {
        const sessions = process()
        const [ada, eve] = [client(), client()]
        await ada.send(({ session }) => session.login('ada'))
        await eve.send(({ session }) => session.login('eve'))
        const open = [await sessions.open(ada.request()), await sessions.open(eve.request())] as const
        await Promise.all(open.map(({ session }) => session.update('name', () => session.userId)))
        ada.receive(await open[0].commit())
        eve.receive(await open[1].commit())
        const nameOf = ({ session }: Exchange<Data>): unknown => session.data.name
        assertEqual([(await ada.send(nameOf)).value, (await eve.send(nameOf)).value], ['ada', 'eve'], 'who wrote what')
      }),
  },
]
