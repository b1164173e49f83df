import fc from 'fast-check'
import { createSessions, type Exchange, type HeaderChange, type Store } from 'sojourn'
import { expect } from 'vitest'
import { anId, NOW } from './records.ts'

type Data = Record<string, unknown>
type Texts = ReadonlyMap<string, string>

/** One step of one of several requests that one browser has under way at once. */
interface Step {
  readonly slot: number
  readonly act: 'open' | 'set' | 'push' | 'remove' | 'update' | 'login' | 'logout' | 'revokeAll' | 'advance' | 'commit'
  readonly key: string
  readonly value: number
}

const step: fc.Arbitrary<Step> = fc.record({
  slot: fc.nat(3),
  act: fc.constantFrom(
    ...(['open', 'open', 'open', 'set', 'set', 'push', 'remove', 'update', 'commit', 'commit'] as const),
    ...(['login', 'logout', 'revokeAll', 'advance'] as const),
  ),
  key: fc.constantFrom('a', 'b', '__proto__'),
  value: fc.nat(3),
})

/** A session, as a user would explain it: each key by itself, the last to store it wins, ended is ended. */
interface ModelSession {
  readonly id: string
  readonly userId: string | null
  data: Texts
  isLive: boolean
  /** Ended because somebody logged in from it. */
  isReplaced: boolean
}

interface Request {
  readonly exchange: Exchange<Data>
  /** `null`: nothing is stored for it yet. */
  session: ModelSession | null
  /** The data that this request found, and that it has stored itself. */
  known: Texts
  /** The data that its handler sees. */
  local: Texts
  /** Its token was dead, or it logged out: from then on it only reads. */
  isOver: boolean
}

function createWorld(store: Store): { follow(steps: readonly Step[]): Promise<void> } {
  let now = NOW
  const user = `ada ${anId()}`
  const sessions = createSessions<Data>({ store, clock: () => now, warn: () => undefined })
  const all: ModelSession[] = []
  const byToken = new Map<string, ModelSession>()
  const requests = new Map<number, Request>()
  let jar: string | null = null

  function begin(exchange: Exchange<Data>, userId: string | null, data: Texts): ModelSession {
    const session: ModelSession = { id: exchange.session.id, userId, data, isLive: true, isReplaced: false }
    all.push(session)
    return session
  }

  async function open(slot: number): Promise<void> {
    const exchange = await sessions.open(toView(jar))
    const found = jar === null ? undefined : byToken.get(jar)
    const session = found?.isLive ? found : null
    expect(exchange.session.userId, 'the user, when a request begins').toBe(session?.userId ?? null)
    const known = session?.data ?? new Map<string, string>()
    expect(toTexts(exchange.session.data), 'the data, when a request begins').toEqual(toObject(known))
    requests.set(slot, { exchange, session, known, local: known, isOver: jar !== null && session === null })
  }

  function edit(request: Request, key: string, value: unknown): void {
    const { data } = request.exchange.session
    if (value === undefined) delete data[key]
    else Object.defineProperty(data, key, { value, writable: true, enumerable: true, configurable: true })
    request.local = withKey(request.local, key, value === undefined ? undefined : JSON.stringify(value))
  }

  function push(request: Request, value: number): void {
    const { data } = request.exchange.session
    const list = data.list as unknown[] | undefined
    if (list === undefined) data.list = [value]
    else list.push(value)
    request.local = withKey(request.local, 'list', JSON.stringify(data.list))
  }

  /** Stores what the request edited; a session begins with the first edit. */
  function save(request: Request): void {
    const { session, known, local, exchange } = request
    const edits = differences(known, local)
    if (session?.isLive) session.data = apply(session.data, edits)
    else if (session === null && local.size > 0) request.session = begin(exchange, null, local)
    request.known = local
  }

  async function update(request: Request): Promise<void> {
    const run = (): Promise<unknown> => request.exchange.session.update('n', (n) => Number(n ?? 0) + 1)
    if (request.session !== null && !request.session.isLive) {
      await expect(run(), 'an update of what ended meanwhile').rejects.toMatchObject({ code: 'ERR_SESSION_ENDED' })
      return
    }
    const stored = request.session?.data.get('n')
    const text = JSON.stringify(Number(stored ?? 0) + 1)
    expect(JSON.stringify(await run()), 'the counter').toBe(text)
    if (request.session === null) {
      request.local = withKey(request.local, 'n', text)
      save(request)
      return
    }
    request.session.data = withKey(request.session.data, 'n', text)
    request.known = withKey(request.known, 'n', text)
    request.local = withKey(request.local, 'n', text)
  }

  /** The new session has what the request had, and what others stored since, except for keys that this request has edited. */
  async function login(request: Request): Promise<void> {
    const { session: old, known, local, exchange } = request
    // It would undo a logout, or a revocation.
    if (old !== null && !old.isLive && !old.isReplaced && old.userId === user) {
      const refused = exchange.session.login(user)
      await expect(refused, 'a login from what ended').rejects.toMatchObject({ code: 'ERR_SESSION_ENDED' })
      return
    }
    await exchange.session.login(user)
    const edited = new Set(differences(known, local).map(([name]) => name))
    const late = old?.isLive ? differences(known, old.data).filter(([name]) => !edited.has(name)) : []
    if (old !== null) Object.assign(old, { isReplaced: old.isLive || old.isReplaced, isLive: false })
    request.session = begin(exchange, user, apply(local, late))
    request.known = request.session.data
    request.local = request.session.data
  }

  async function logout(request: Request): Promise<void> {
    await request.exchange.session.logout()
    if (request.session !== null) request.session.isLive = false
    Object.assign(request, { session: null, known: new Map(), local: new Map(), isOver: true })
  }

  async function revokeAll(): Promise<void> {
    const mine = all.filter(({ isLive, userId }) => isLive && userId === user)
    expect(await sessions.revokeAll(user), 'how many were revoked').toBe(mine.length)
    for (const session of mine) session.isLive = false
  }

  async function commit(slot: number, request: Request): Promise<void> {
    requests.delete(slot)
    const headers = await request.exchange.commit()
    if (!request.isOver) save(request)
    await request.exchange.finish()
    for (const token of tokensOf(headers)) {
      jar = token
      if (token === null) continue
      expect(request.session, 'a token is handed out for a session').not.toBeNull()
      if (request.session !== null) byToken.set(token, request.session)
    }
  }

  async function take({ slot, act, key, value }: Step): Promise<void> {
    if (act === 'advance') now += value * 20_000
    if (act === 'revokeAll') await revokeAll()
    const request = requests.get(slot)
    if (request === undefined) return act === 'open' ? open(slot) : undefined
    if (act === 'commit') await commit(slot, request)
    if (request.isOver) return
    if (act === 'set') edit(request, key, value)
    if (act === 'remove') edit(request, key, undefined)
    if (act === 'push') push(request, value)
    if (act === 'update') await update(request)
    if (act === 'login') await login(request)
    if (act === 'logout') await logout(request)
  }

  async function check(): Promise<void> {
    for (const { id, isLive, data, userId } of all) {
      const kept = await store.read(id as never)
      if (!isLive) expect(kept?.kind, 'what ended').toBe('ended')
      else expect(kept, 'what lives').toMatchObject({ kind: 'live', userId, data: toObject(data) })
      if (isLive && kept?.kind === 'live') expect(Object.keys(kept.data).sort()).toEqual([...data.keys()].sort())
    }
    for (const [token, { isLive, id }] of byToken) {
      const { session } = await sessions.open(toView(token))
      if (isLive) expect(session.id, 'what a live token opens').toBe(id)
      else expect(session.userId, 'what a dead token opens').toBeNull()
      expect(session.isNew, 'whether a token is honoured').toBe(!isLive)
    }
    const mine = all.filter(({ isLive, userId }) => isLive && userId === user)
    expect((await sessions.list(user)).map(({ id }) => id as string).sort()).toEqual(mine.map(({ id }) => id).sort())
  }

  return {
    async follow(steps) {
      for (const each of steps) await take(each)
      for (const [slot, request] of [...requests]) await commit(slot, request)
      await check()
    },
  }
}

function toView(token: string | null): Parameters<ReturnType<typeof createSessions>['open']>[0] {
  const cookie = token === null ? null : `__Host-session=${token}`
  return { method: 'GET', url: '/', secure: true, peer: null, header: (name) => (name === 'cookie' ? cookie : null) }
}

/** The effect of each `Set-Cookie` on the session cookie, in order; `null` deletes it. */
function tokensOf(headers: readonly HeaderChange[]): (string | null)[] {
  return headers.flatMap(({ name, value }) => {
    const token = name === 'set-cookie' ? /^__Host-session=([^;]*)/.exec(value)?.[1] : undefined
    return token === undefined ? [] : [token === '' || value.includes('Max-Age=0') ? null : token]
  })
}

function withKey(texts: Texts, key: string, text: string | undefined): Texts {
  const next = new Map(texts)
  if (text === undefined) next.delete(key)
  else next.set(key, text)
  return next
}

function differences(from: Texts, to: Texts): (readonly [string, string | undefined])[] {
  const keys = [...new Set([...from.keys(), ...to.keys()])]
  return keys.filter((key) => from.get(key) !== to.get(key)).map((key) => [key, to.get(key)] as const)
}

function apply(texts: Texts, edits: readonly (readonly [string, string | undefined])[]): Texts {
  return edits.reduce((next, [key, text]) => withKey(next, key, text), texts)
}

function toObject(texts: Texts): Record<string, string> {
  return Object.fromEntries(texts)
}

function toTexts(data: Data): Record<string, string> {
  return Object.fromEntries(Object.keys(data).map((key) => [key, JSON.stringify(data[key])]))
}

/** A random schedule of overlapping requests of one browser leaves what a user would expect. */
export function overlappingRequests(open: () => Store): fc.IAsyncProperty<[Step[]]> {
  const schedule = fc.array(step, { minLength: 10, maxLength: 60 })
  return fc.asyncProperty(schedule, (steps) => createWorld(open()).follow(steps))
}
