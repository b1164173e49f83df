import {
  type Carrier,
  createSessions,
  type Guarantee,
  type RequestView,
  type Session,
  type Sessions,
  type SessionsOptions,
  type Store,
} from 'sojourn'
import { assert } from '../assert.ts'
import { type StoreContext, withStore, withTwo } from './context.ts'

/** A server with sessions on the store under test, and a clock that can be moved forward. */
export interface World {
  readonly store: Store
  readonly sessions: Sessions<Data>
  /** A client without a token, or with this one. */
  visitor(token?: string): Visitor
  /** Moves the clock of these sessions only: a store with a clock of its own does not notice. */
  pass(ms: number): void
  /** Every token that any client received. */
  readonly tokens: readonly string[]
}

export type Data = Record<string, unknown>
type Options = Omit<SessionsOptions<Data>, 'store' | 'carriers' | 'clock'>

export interface Visitor {
  token: string | null
  /** Handles one request from its beginning to its end. */
  visit<T>(handle: (session: Session<Data>) => T | Promise<T>): Promise<T>
  /** Begins a request with the current token, which is still running. */
  begin(): Promise<Ongoing>
}

export interface Ongoing {
  readonly session: Session<Data>
  /** The response is sent: edits are stored, and the client takes the token it receives. */
  finish(): Promise<void>
}

/** Carries the token in a header, because these cases test the store and not cookies. */
export const carrier: Carrier = {
  name: 'header',
  ambient: false,
  vary: 'X-Token',
  read(view) {
    const token = view.header('x-token')
    return { values: token === null ? [] : [token], overflow: false }
  },
  write: (_, token) => [{ name: 'x-token', value: token, how: 'append' }],
  clear: () => [{ name: 'x-token', value: '', how: 'append' }],
}

/** Runs `work` in a new world, and closes everything. */
export async function withWorld(
  ctx: StoreContext,
  work: (world: World) => Promise<void>,
  options: Options = {},
): Promise<void> {
  await withStore(ctx, async (store) => work(createWorld(store, options, { aheadMs: 0 })))
}

/** Two servers on the same data, with one clock. */
export async function withTwoWorlds(ctx: StoreContext, work: (one: World, two: World) => Promise<void>): Promise<void> {
  const time = { aheadMs: 0 }
  await withTwo(ctx, async (one, two) => work(createWorld(one, {}, time), createWorld(two, {}, time)))
}

function createWorld(store: Store, options: Options, time: { aheadMs: number }): World {
  const tokens: string[] = []
  const clock = (): number => Date.now() + time.aheadMs
  const insecureStoreLacks = Object.keys(store.lacks ?? {}) as Guarantee[]
  const sessions = createSessions<Data>({
    warn: () => undefined,
    ...options,
    store,
    insecureStoreLacks,
    carriers: [carrier],
    clock,
  })

  async function begin(visitor: Visitor): Promise<Ongoing> {
    const sent = visitor.token
    const exchange = await sessions.open(toView(sent))
    assert(exchange.answer === null, 'no guard stands in the way')
    return {
      session: exchange.session,
      async finish() {
        const headers = await exchange.commit()
        for (const { name, value } of headers) {
          if (name !== 'x-token') continue
          visitor.token = value === '' ? null : value
          if (value !== '') tokens.push(value)
        }
        await exchange.finish()
      },
    }
  }

  return {
    store,
    sessions,
    tokens,
    pass(ms) {
      time.aheadMs += ms
    },
    visitor(token) {
      const visitor: Visitor = {
        token: token ?? null,
        begin: () => begin(visitor),
        async visit(handle) {
          const { session, finish } = await begin(visitor)
          const answer = await handle(session)
          await finish()
          return answer
        },
      }
      return visitor
    },
  }
}

export function toView(token: string | null): RequestView {
  return {
    method: 'POST',
    url: '/',
    secure: true,
    peer: '192.0.2.1',
    header: (name) => (name === 'x-token' ? token : null),
  }
}

/** Returns a visitor who has logged in. */
export async function loggedIn(world: World, userId: string): Promise<Visitor> {
  const visitor = world.visitor()
  await visitor.visit((session) => session.login(userId))
  return visitor
}
