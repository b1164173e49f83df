import {
  createSessions,
  type Exchange,
  type HeaderChange,
  memoryStore,
  type RequestView,
  type Session,
  type SessionEvent,
  type SessionEventName,
  type SessionId,
  type SessionRecord,
  type Sessions,
  type SessionsOptions,
  type Store,
  type Tombstone,
} from 'sojourn'
import { type HookedStore, hookStore } from './kit-store.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export interface Clock {
  (): number
  advance(ms: number): void
}

export function createClock(startMs: number = Date.UTC(2030, 0, 1)): Clock {
  let now = startMs
  return Object.assign(() => now, {
    advance(ms: number) {
      now += ms
    },
  })
}

export interface RequestOptions {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sends this in place of what the jar holds. */
  readonly cookie?: string
  readonly peer?: string | null
}

export function toView(options: RequestOptions = {}): RequestView {
  const { method = 'GET', url = '/', headers = {}, cookie, peer = '203.0.113.7' } = options
  const all = new Map(Object.entries({ host: 'shop.example', ...headers }))
  if (cookie !== undefined) all.set('cookie', cookie)
  return { method, url, secure: true, peer, header: (name) => all.get(name) ?? null }
}

export interface Reply<T> {
  readonly value: T
  readonly headers: readonly HeaderChange[]
  readonly setCookies: readonly string[]
}

/** A browser: one cookie jar, which obeys each `Set-Cookie` when the response arrives. */
export interface Client<Data extends object> {
  /** By name, path, domain and partition: that is what makes two cookies the same to a browser. */
  readonly jar: Map<string, string>
  cookie(): string
  /** The value of the session cookie, `null` when there is none. */
  token(): string | null
  open(request?: RequestOptions): Promise<Exchange<Data>>
  /** One request and its response, handled as an adapter does. */
  send<T>(handler: (session: Session<Data>) => T | Promise<T>, request?: RequestOptions): Promise<Reply<T>>
  /** The effect of a response on the jar. */
  receive(headers: readonly HeaderChange[]): void
}

export function createClient<Data extends object>(sessions: Sessions<Data>): Client<Data> {
  const jar = new Map<string, string>()

  const client: Client<Data> = {
    jar,
    cookie: () => [...jar.values()].join('; '),
    token: () => jar.get('__Host-session Path=/')?.replace('__Host-session=', '') ?? null,
    async open(request = {}) {
      return sessions.open(toView({ cookie: client.cookie(), ...request }))
    },
    async send(handler, request) {
      const exchange = await client.open(request)
      const value = await handler(exchange.session)
      const headers = await exchange.commit()
      client.receive(headers)
      await exchange.finish()
      return { value, headers, setCookies: setCookiesOf(headers) }
    },
    receive(headers) {
      for (const line of setCookiesOf(headers)) obey(jar, line)
    },
  }
  return client
}

export function setCookiesOf(headers: readonly HeaderChange[]): string[] {
  return headers.filter(({ name }) => name === 'set-cookie').map(({ value }) => value)
}

export function headerOf(headers: readonly HeaderChange[], name: string): string | null {
  return headers.find((header) => header.name === name)?.value ?? null
}

function obey(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const scope = attributes.filter((attribute) => /^(?:Path|Domain|Partitioned)/.test(attribute)).sort()
  const key = [pair.slice(0, pair.indexOf('=')), ...scope].join(' ')
  if (attributes.includes('Max-Age=0')) jar.delete(key)
  else jar.set(key, pair)
}

export type TestData = Record<string, unknown>
/** An event with every detail that any event has. */
export type AnyEvent = SessionEvent & Readonly<Record<string, unknown>>

export interface World<Data extends object> {
  readonly sessions: Sessions<Data>
  readonly store: HookedStore
  readonly clock: Clock
  readonly warnings: string[]
  readonly events: AnyEvent[]
  client(): Client<Data>
  /** Another process of the same application: the same store, clock and options, but for these. */
  node(options?: Partial<SessionsOptions<Data>>): Sessions<Data>
  eventsOf(type: SessionEventName): AnyEvent[]
  record(id: SessionId): Promise<SessionRecord>
  kept(id: SessionId): Promise<SessionRecord | Tombstone | null>
}

export interface WorldOptions<Data extends object> extends Omit<SessionsOptions<Data>, 'store' | 'clock'> {
  readonly store?: Store
  readonly clock?: Clock
}

const EVENT_NAMES: Record<SessionEventName, true> = {
  created: true,
  adopted: true,
  login: true,
  reauthenticated: true,
  rotated: true,
  renewed: true,
  ended: true,
  account: true,
  refused: true,
  reuse: true,
  denied: true,
  finding: true,
  invalidData: true,
  store: true,
  fault: true,
}

export function createWorld<Data extends object = TestData>(options: WorldOptions<Data> = {}): World<Data> {
  const { clock = createClock(), store: inner = memoryStore(), ...rest } = options
  const store = hookStore(inner)
  const warnings: string[] = []
  const events: AnyEvent[] = []

  function node(more: Partial<SessionsOptions<Data>> = {}): Sessions<Data> {
    const all = { ...rest, clock, store, warn: (text: string) => void warnings.push(text), ...more }
    // Tests may know better than the types what the data of their sessions is.
    const created = createSessions(all as SessionsOptions<TestData>) as Sessions<object> as Sessions<Data>
    for (const name of Object.keys(EVENT_NAMES) as SessionEventName[]) {
      created.on(name, (event) => void events.push(event as AnyEvent))
    }
    return created
  }

  const sessions = node()
  return {
    sessions,
    store,
    clock,
    warnings,
    events,
    node,
    client: () => createClient(sessions),
    eventsOf: (type) => events.filter((event) => event.type === type),
    kept: async (id) => inner.read(id),
    async record(id) {
      const kept = await inner.read(id)
      if (kept?.kind !== 'live') throw new Error(`No live record: ${kept === null ? 'nothing' : kept.reason}`)
      return kept
    },
  }
}

/** The error that a promise rejects with. */
export async function rejection(work: Promise<unknown> | (() => unknown)): Promise<Error & { code?: string }> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    return error as Error
  }
  throw new Error('It did not reject.')
}

/** A handler that sets these keys. */
export function edit(values: TestData): (session: Session<TestData>) => void {
  return (session) => {
    Object.assign(session.data, values)
  }
}

/** The part of the session that a page shows. */
export function look(session: Session<TestData>): {
  userId: string | null
  refused: string | null
  data: TestData
} {
  return { userId: session.userId, refused: session.refused, data: { ...session.data } }
}

/** Lets time pass in steps that keep the session alive, with a request at the end of each. */
export async function stayFor<Data extends object>(
  world: World<Data>,
  client: Client<Data>,
  ms: number,
): Promise<void> {
  for (let left = ms; left > 0; left -= 20 * MINUTE) {
    world.clock.advance(Math.min(left, 20 * MINUTE))
    await client.send(() => {})
  }
}
