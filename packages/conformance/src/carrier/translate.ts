import {
  type Carrier,
  createSessions,
  type Exchange,
  memoryStore,
  type RequestView,
  type SessionId,
  type Sessions,
} from 'sojourn'
import { assert, assertCode, assertEqual } from '../assert.ts'
import { type Case, type CaseContext, CaseFailure } from '../case.ts'
import { besides, HEADER, withCompanion } from './companion.ts'
import type { CarrierClient } from './context.ts'
import { hostileTexts, isCaching, namesOf, PIECES, replaced, tampered } from './requests.ts'

/** What the author of a carrier that accepts other texts (`Carrier.translate`) provides for its cases. */
export interface TranslateContext extends CaseContext {
  /** Creates the carrier as one process of the application has it. All of them share keys, and the other library's store. */
  createCarrier(): Carrier
  /** For `adopt`: a client that holds a new session of the other library, of this user. It ends in an hour. */
  adoptable?(userId: string): CarrierClient | Promise<CarrierClient>
  /** For `adopt`: runs the work while the other library's store cannot answer. */
  outage?(work: () => Promise<void>): Promise<void>
  /** For `vouch`: a client that holds a text for a session of ours. */
  vouched?(says: VouchedFor): CarrierClient | Promise<CarrierClient>
}

/** What a text says that vouches for a session. */
export interface VouchedFor {
  readonly id: SessionId
  readonly userId: string
  /** In ms, possibly in the past. */
  readonly expiresAt: number
}

type Data = Record<string, unknown>

interface Scene {
  readonly carrier: Carrier
  readonly sessions: Sessions<Data>
  /** Another process of the same application. */
  process(): Sessions<Data>
  /** How often the application's store was called. */
  calls(): number
  /** A session of ours, and how long a text for it is valid. */
  login(userId: string): Promise<VouchedFor>
  visitor(client: CarrierClient): Visitor
}

interface Visitor {
  request(): RequestView
  /** One request and its response. */
  send<T>(work: (exchange: Exchange<Data>) => T | Promise<T>): Promise<T>
}

const HOUR = 3_600_000

async function withScene(ctx: TranslateContext, work: (scene: Scene) => Promise<void>): Promise<void> {
  const memory = memoryStore()
  let calls = 0
  const counted = <Args extends readonly unknown[], T>(call: (...args: Args) => T) => {
    return (...args: Args): T => {
      calls++
      return call(...args)
    }
  }
  const { read, create, write, end } = memory
  const store = { ...memory, read: counted(read), create: counted(create), write: counted(write), end: counted(end) }
  const open: Sessions<Data>[] = []
  const process = (carrier = ctx.createCarrier()): Sessions<Data> => {
    const carriers = withCompanion(carrier)
    const sessions = createSessions<Data>({ store, carriers, insecureNoCrossOriginCheck: true, warn: () => {} })
    open.push(sessions)
    return sessions
  }
  const carrier = ctx.createCarrier()
  const sessions = process(carrier)
  try {
    await work({
      carrier,
      sessions,
      process,
      calls: () => calls,
      async login(userId) {
        const { session, commit } = await sessions.open(besides(EMPTY, 'nothing'))
        await session.login(userId)
        await commit()
        return { id: session.id, userId, expiresAt: Date.now() + HOUR }
      },
      visitor: (client) => toVisitor(client, sessions),
    })
  } finally {
    for (const one of open) await one.close()
  }
}

const EMPTY: RequestView = { method: 'GET', url: '/', secure: true, peer: null, header: () => null }

/** A client of both carriers. */
function toVisitor(client: CarrierClient, sessions: Sessions<Data>): Visitor {
  let token: string | null = null
  const request = (): RequestView => besides(client.request(), token)
  return {
    request,
    async send(work) {
      const exchange = await sessions.open(request())
      const value = await work(exchange)
      const changes = (await exchange.commit()).filter(({ name }) => !isCaching(name))
      client.receive(changes.filter(({ name }) => name !== HEADER))
      token = changes.find(({ name }) => name === HEADER)?.value ?? token
      await exchange.finish()
      return value
    },
  }
}

const userOf = ({ session }: Exchange<Data>): string | null => session.userId

async function adoptable(ctx: TranslateContext, userId: string): Promise<CarrierClient> {
  if (ctx.adoptable === undefined) throw new CaseFailure('This case needs the context\'s "adoptable".')
  return ctx.adoptable(userId)
}

async function vouched(ctx: TranslateContext, says: VouchedFor): Promise<CarrierClient> {
  if (ctx.vouched === undefined) throw new CaseFailure('This case needs the context\'s "vouched".')
  return ctx.vouched(says)
}

/** A client with a text that opens a session of ada, of either kind. */
async function honest(ctx: TranslateContext, { login }: Scene): Promise<CarrierClient> {
  return ctx.adoptable === undefined ? vouched(ctx, await login('ada')) : adoptable(ctx, 'ada')
}

const adoptCases: readonly Case<TranslateContext>[] = [
  {
    name: 'a live session of the other library becomes one of ours, of the same user, and stays one',
    needs: ['adoptable'],
    run: (ctx) =>
      withScene(ctx, async ({ visitor }) => {
        const client = visitor(await adoptable(ctx, 'ada'))
        const seen = ({ session }: Exchange<Data>): unknown => [session.userId, session.id]
        const first = await client.send(seen)
        assertEqual((first as readonly unknown[])[0], 'ada', 'who is logged in with the text')
        assertEqual(await client.send(seen), first, 'the user and the id of the next request')
      }),
  },
  {
    name: 'requests at once with one text open one session',
    needs: ['adoptable'],
    run: (ctx) =>
      withScene(ctx, async ({ sessions, process, visitor }) => {
        const view = visitor(await adoptable(ctx, 'ada')).request()
        const other = process()
        const all = await Promise.all([sessions, other, sessions].map(async (each) => each.open(view)))
        assertEqual(all.map(userOf), ['ada', 'ada', 'ada'], 'who is logged in')
        assertEqual((await sessions.list('ada')).length, 1, 'how many sessions there are')
      }),
  },
  {
    name: 'texts of two users open two sessions',
    guarantee: '3 Strict',
    needs: ['adoptable'],
    run: (ctx) =>
      withScene(ctx, async ({ visitor }) => {
        const [ada, eve] = [visitor(await adoptable(ctx, 'ada')), visitor(await adoptable(ctx, 'eve'))]
        assertEqual([await ada.send(userOf), await eve.send(userOf)], ['ada', 'eve'], 'who is logged in')
      }),
  },
  {
    name: 'the client forgets the text when it receives our token',
    needs: ['adoptable'],
    run: (ctx) =>
      withScene(ctx, async ({ carrier, visitor }) => {
        const client = visitor(await adoptable(ctx, 'ada'))
        const [text] = carrier.read(client.request()).values
        await client.send(userOf)
        const { values } = carrier.read(client.request())
        assert(text !== undefined && !values.includes(text), 'the client still presents the text')
      }),
  },
  {
    name: 'a text begins one session: after a logout a copy of it opens nothing, in no process',
    guarantee: '1 Ended is ended',
    needs: ['adoptable'],
    run: (ctx) =>
      withScene(ctx, async ({ sessions, process, visitor }) => {
        const client = visitor(await adoptable(ctx, 'ada'))
        const copy = client.request()
        await client.send(userOf)
        await client.send(({ session }) => session.logout())
        for (const each of [sessions, process()]) {
          assertEqual((await each.open(copy)).session.userId, null, 'who is logged in with the copy')
        }
      }),
  },
  {
    name: 'an outage of the other library fails the request and logs nobody out',
    guarantee: '7 Fail closed',
    needs: ['adoptable', 'outage'],
    run: (ctx) =>
      withScene(ctx, async ({ sessions, visitor }) => {
        const client = visitor(await adoptable(ctx, 'ada'))
        const view = client.request()
        await ctx.outage?.(async () => {
          await assertCode(() => sessions.open(view), 'ERR_CARRIER', 'a request during the outage')
        })
        assertEqual(await client.send(userOf), 'ada', 'who is logged in after the outage')
      }),
  },
]

const vouchCases: readonly Case<TranslateContext>[] = [
  {
    name: 'a text opens the session that it vouches for',
    needs: ['vouched'],
    run: (ctx) =>
      withScene(ctx, async ({ login, visitor }) => {
        const [ada, bob] = [await login('ada'), await login('bob')]
        for (const says of [ada, bob]) {
          const seen = await visitor(await vouched(ctx, says)).send(({ session }) => [session.userId, session.id])
          assertEqual<unknown>(seen, [says.userId, says.id], 'the user and the id of the session')
        }
      }),
  },
  {
    name: 'a text that names another user than the session has does not open it',
    guarantee: '3 Strict',
    needs: ['vouched'],
    run: (ctx) =>
      withScene(ctx, async ({ login, visitor }) => {
        const ada = await login('ada')
        const client = visitor(await vouched(ctx, { ...ada, userId: 'eve' }))
        const user = await client.send(async ({ session }) => {
          // A carrier with `reads: 'nothing'` has not compared them yet.
          await session.reload()
          return session.userId
        })
        assertEqual(user, null, 'who is logged in')
      }),
  },
  {
    name: 'a text that has expired opens nothing',
    guarantee: '6 Two clocks',
    needs: ['vouched'],
    run: (ctx) =>
      withScene(ctx, async ({ login, visitor }) => {
        const ada = await login('ada')
        const client = visitor(await vouched(ctx, { ...ada, expiresAt: Date.now() - HOUR }))
        assertEqual(await client.send(userOf), null, 'who is logged in')
      }),
  },
]

const refusalCases: readonly Case<TranslateContext>[] = [
  {
    name: 'a text that was changed on the way opens nothing',
    guarantee: '3 Strict',
    run: (ctx) =>
      withScene(ctx, async (scene) => {
        const { carrier, sessions } = scene
        for (const view of tampered((await honest(ctx, scene)).request(), carrier)) {
          assertEqual((await sessions.open(view)).session.userId, null, 'who is logged in with a changed text')
        }
      }),
  },
  {
    name: 'any bytes in the headers are handled without an error, and those that are no text without a call of the store',
    guarantee: '9 Hostile input costs nothing',
    run: (ctx) =>
      withScene(ctx, async (scene) => {
        const { carrier, sessions, calls } = scene
        const view = (await honest(ctx, scene)).request()
        const before = calls()
        for (const name of namesOf(carrier)) {
          const text = view.header(name) ?? ''
          const [prefix, end] = [text.slice(0, text.indexOf(carrier.read(view).values[0] ?? '')), text.length >> 1]
          for (const garbage of [...PIECES, ...PIECES.map((piece) => prefix + piece), text.slice(0, end)]) {
            await sessions.open(replaced(view, { [name]: garbage }))
          }
        }
        assertEqual(calls() - before, 0, 'calls of the store')
        for (const name of namesOf(carrier)) {
          for (const text of hostileTexts(view.header(name) ?? ''))
            await sessions.open(replaced(view, { [name]: text }))
        }
      }),
  },
]

/** Everything that core relies on in a carrier's `translate`. */
export const translateCases: readonly Case<TranslateContext>[] = [...adoptCases, ...vouchCases, ...refusalCases]
