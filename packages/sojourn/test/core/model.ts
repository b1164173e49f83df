import { createSessions, type Session, SessionError, type SessionId, type Sessions, type Store } from 'sojourn'
import { expect } from 'vitest'
import { judge, type Verdict } from '../../src/core/secrets.ts'
import { toLimits } from '../../src/core/timeouts.ts'
import { createTokens, hashSecret } from '../../src/core/token.ts'
import { type Client, createClient, createClock, HOUR, MINUTE, SECOND, setCookiesOf, toView } from './kit.ts'
import { type Actor, actors, createSteppingStore } from './model-store.ts'

export type Verb =
  | 'read'
  | 'edit'
  | 'late edit'
  | 'update'
  | 'login ada'
  | 'login bob'
  | 'logout'
  | 'rotate'
  | 'reauthenticated'
  | 'devices'
  | 'revoke others'

export type Step =
  /** A browser sends a request; `lost`: its response never arrives. */
  | { readonly do: 'send'; readonly verb: Verb; readonly lost: boolean; readonly thief: boolean }
  /** One waiting call of the store goes on, or fails. */
  | { readonly do: 'go' | 'fail'; readonly which: number }
  | { readonly do: 'tick'; readonly ms: number }
  /** An administrator ends one of the sessions there have been, sweeps, or lists. */
  | { readonly do: 'revoke'; readonly which: number }
  | { readonly do: 'sweep' | 'list' }
  /** Somebody copies what the browser's jar holds. */
  | { readonly do: 'steal' }

/** Each value says whose session it was written in. */
interface Marked {
  readonly by: string | null
}
type Data = Record<string, Marked | number[]>

const TIMEOUTS = { idle: '30m', absolute: '2h', renew: '10m', grace: '30s', touch: '1m' } as const
const LIMITS = toLimits(TIMEOUTS)

/**
 * Runs a schedule against the model of one browser's sessions and says, by throwing, what does not hold. What no server can
 * help is excused: two responses that overtake each other on the way, a rotation whose response is lost, a thief.
 */
export async function runModel(inner: Store, steps: readonly Step[]): Promise<void> {
  const clock = createClock()
  const store = createSteppingStore(inner)
  const options = { store, clock, timeouts: TIMEOUTS, warn: () => {} }
  const nodes: Sessions<Data>[] = [createSessions<Data>(options), createSessions<Data>(options)]
  const [node] = nodes as [Sessions<Data>]
  const browser = createClient(node)
  const thief = createClient(node)
  const tokens = createTokens()

  /** The newest moment at which a request was let in, and at which such a request came to its end. */
  const lastOpened = new Map<SessionId, number>()
  const lastHandled = new Map<SessionId, number>()
  const proved = new Map<SessionId, number>()
  /** A login's new session, by the one it took everything over from. */
  const heirs = new Map<SessionId, SessionId>()
  const updates = new Map<SessionId, number[]>()
  const endedForSure = new Set<SessionId>()
  const alarms = new Map<SessionId, number>()
  const excused = new Set<SessionId>()
  /** Since when requests are on their way whose token must not come to be older than the grace. */
  const hurry = new Set<{ readonly since: number }>()
  const running = new Set<Promise<void>>()
  const violations: unknown[] = []
  let count = 0

  const userOf = (id: SessionId): string | null | undefined => store.effects.created.get(id)?.userId
  const begunAt = (id: SessionId): number => Math.max(proved.get(id) ?? 0, store.effects.created.get(id)?.at ?? 0)

  for (const sessions of nodes) {
    sessions.on('reuse', ({ id }) => alarms.set(id, (alarms.get(id) ?? 0) + 1))
    sessions.on('rotated', ({ id }) => lastOpened.set(id, clock()))
    sessions.on('reauthenticated', ({ id }) => lastOpened.set(id, clock()).has(id) && proved.set(id, clock()))
    sessions.on('login', ({ id, userId, replaced }) => {
      const end = replaced === null ? undefined : store.effects.ended.get(replaced)
      const owner = replaced === null ? undefined : userOf(replaced)
      const isHeir = end?.actor !== undefined && end.actor === actors.getStore() && (owner === null || owner === userId)
      if (replaced !== null && isHeir) heirs.set(replaced, id)
    })
  }

  function verdictOf(cookie: string): { id: SessionId; verdict: Verdict | 'gone' } | null {
    const parts = tokens.parse(cookie.replace('__Host-session=', ''))
    if (typeof parts === 'string') return null
    const kept = inner.read(parts.id)
    if (kept instanceof Promise) throw new Error('The model needs a store that reads at once.')
    const isSwept = kept === null && clock() - begunAt(parts.id) >= LIMITS.idleMs
    if (kept?.kind !== 'live') return { id: parts.id, verdict: isSwept ? 'expired' : 'gone' }
    return { id: parts.id, verdict: judge(kept, hashSecret(parts.secret), clock(), LIMITS) }
  }

  /** Nothing may have happened to the session between the request's last look at the store and its response. */
  function isOvertaken(id: SessionId, actor: Actor): boolean {
    const { headChanged, ended } = store.effects
    return Math.max(headChanged.get(id) ?? 0, ended.get(id)?.step ?? 0) > (actor.lastSteps.get(id) ?? 0)
  }

  function receive(
    client: Client<Data>,
    headers: Parameters<Client<Data>['receive']>[0],
    actor: Actor,
    mayNotClear: string | null,
  ): void {
    const before = client.cookie()
    const [line] = setCookiesOf(headers)
    client.receive(headers)
    if (line === undefined) return
    const old = verdictOf(before)
    if (client.cookie() === '') {
      const wasGood = old !== null && ['current', 'renewing', 'successor'].includes(old.verdict)
      if (wasGood && mayNotClear !== null) throw new Error(`A working token was cleared by ${mayNotClear}.`)
      return
    }
    const now = verdictOf(client.cookie())
    if (now === null) throw new Error('The client was given what is no token.')
    if (now.verdict === 'current' || now.verdict === 'renewing' || now.verdict === 'successor') return
    if (!isOvertaken(now.id, actor) && now.verdict !== 'expired')
      throw new Error(`The client was given a token that is ${now.verdict}.`)
    excused.add(now.id)
  }

  function checkOpened(session: Session<Data>, startedAt: number, endedBefore: ReadonlySet<SessionId>): void {
    if (session.isNew) {
      expect(session.userId, 'a new session has no user').toBeNull()
      expect(Object.keys(session.data), 'a new session has no data').toEqual([])
      return
    }
    const { id, userId } = session
    expect(endedBefore.has(id), 'ended is ended').toBe(false)
    expect(userId, 'the session’s own user').toBe(userOf(id))
    for (const [key, value] of Object.entries(session.data)) {
      if (!Array.isArray(value)) expect([null, userId], `who wrote ${key}`).toContain(value.by)
    }
    expect(startedAt - begunAt(id), 'absolute limit').toBeLessThan(2 * HOUR)
    expect(startedAt - Math.max(lastOpened.get(id) ?? 0, begunAt(id)), 'idle limit').toBeLessThan(30 * MINUTE)
    lastOpened.set(id, Math.max(startedAt, lastOpened.get(id) ?? 0))
  }

  async function act(session: Session<Data>, verb: Verb, number: number): Promise<void> {
    const { id } = session
    if (verb === 'edit') session.data[`k${number}`] = { by: session.userId }
    if (verb === 'update') {
      await session.update('log', (log) => [...((log as number[] | undefined) ?? []), number])
      updates.set(id, [...(updates.get(id) ?? []), number])
    }
    if (verb === 'login ada' || verb === 'login bob') await session.login(verb.slice(6))
    if (verb === 'logout') {
      await session.logout()
      endedForSure.add(id)
    }
    if (verb === 'rotate') await session.rotate()
    if (verb === 'reauthenticated') await session.reauthenticated()
    if (verb === 'devices') {
      const devices = await session.devices()
      for (const device of devices) expect(userOf(device.id), 'whose device').toBe(session.userId)
    }
    if (verb === 'revoke others') await session.revokeOthers()
  }

  async function request(client: Client<Data>, verb: Verb, lost: boolean, actor: Actor, number: number): Promise<void> {
    const startedAt = clock()
    const endedBefore = new Set(endedForSure)
    const sessions = nodes[number % nodes.length] ?? node
    const deadline = { since: startedAt }
    const presented = verdictOf(client.cookie())
    hurry.add(deadline)
    const exchange = await Promise.resolve(sessions.open(toView({ cookie: client.cookie() }))).finally(() =>
      hurry.delete(deadline),
    )
    const { session } = exchange
    checkOpened(session, startedAt, endedBefore)
    const { id, refused } = session
    const turns = verb === 'rotate' || verb === 'reauthenticated'
    if (turns) hurry.add(deadline)
    try {
      await act(session, verb, number)
      const headers = await exchange.commit()
      const kept = inner.read(session.id)
      if (verb === 'edit' && !(kept instanceof Promise) && kept?.kind === 'live') {
        expect(Object.keys(kept.data), 'an edit of a live session is stored').toContain(`k${number}`)
      }
      const endedAt = presented === null ? undefined : store.effects.ended.get(presented.id)?.at
      const mayClear = verb === 'logout' || refused !== 'ended' || startedAt - (endedAt ?? 0) >= LIMITS.graceMs
      if (!lost) receive(client, headers, actor, mayClear ? null : `a request that was refused as ${refused}`)
      else if (turns) excused.add(id)
      if (!session.isNew) lastHandled.set(id, Math.max(startedAt, lastHandled.get(id) ?? 0))
      if (verb === 'late edit') session.data[`k${number}`] = { by: session.userId }
      await exchange.finish()
    } catch (error) {
      if (turns) excused.add(id)
      throw error
    } finally {
      hurry.delete(deadline)
    }
  }

  function start(name: string, work: (actor: Actor) => Promise<unknown>): void {
    const actor: Actor = { name, lastSteps: new Map() }
    const done: Promise<void> = actors
      .run(actor, () => work(actor))
      .catch((error: unknown) => {
        const expected = ['ERR_SESSION_ENDED', 'ERR_NOT_AUTHENTICATED', 'ERR_STORE', 'ERR_HEADERS_SENT']
        if (!(error instanceof SessionError && expected.includes(error.code))) violations.push(error)
      })
      .then(() => void running.delete(done))
    running.add(done)
  }

  /** Until everything that could move has moved. */
  async function settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve))
    while (store.busy() > 0)
    await new Promise((resolve) => setImmediate(resolve))
    if (violations.length > 0) throw violations[0]
  }

  function pick<T>(items: readonly T[], which: number): T | undefined {
    return items[which % Math.max(1, items.length)]
  }

  function take(step: Step): void {
    const number = ++count
    if (step.do === 'send') {
      const client = step.thief ? thief : browser
      start(step.verb, (actor) => request(client, step.verb, step.lost, actor, number))
    } else if (step.do === 'go') pick(store.waiting, step.which)?.go()
    else if (step.do === 'fail') pick(store.waiting, step.which)?.fail()
    else if (step.do === 'tick') {
      const latest = Math.min(...[...hurry].map(({ since }) => since + 29 * SECOND))
      clock.advance(Math.max(0, Math.min(step.ms, latest - clock())))
    } else if (step.do === 'revoke') {
      const id = pick([...store.effects.created.keys()], step.which)
      if (id !== undefined) {
        start('revoke', async () => {
          await node.revoke(id)
          endedForSure.add(id)
        })
      }
    } else if (step.do === 'sweep') start('sweep', () => node.sweep())
    else if (step.do === 'list') start('list', () => node.list('ada'))
    else {
      thief.jar.clear()
      for (const [key, value] of browser.jar) thief.jar.set(key, value)
      const stolen = verdictOf(browser.cookie())
      if (stolen !== null) excused.add(stolen.id)
    }
  }

  async function checkRecords(): Promise<void> {
    for (const id of endedForSure) expect((await inner.read(id))?.kind, 'ended stays ended').not.toBe('live')
    for (const [id, { userId: user }] of store.effects.created) {
      const record = await inner.read(id)
      if (record?.kind !== 'live') continue
      expect(record.userId).toBe(user)
      const log = JSON.parse(record.data.log ?? '[]') as number[]
      expect(new Set(log).size, 'no update is stored twice').toBe(log.length)
      for (const [key, text] of Object.entries(record.data)) {
        if (key !== 'log') expect([null, user], 'whose data').toContain((JSON.parse(text) as Marked).by)
      }
      for (const ancestor of ancestorsOf(id)) {
        const keys = [...(store.effects.acknowledged.get(ancestor) ?? [])]
        expect(Object.keys(record.data), 'no acknowledged edit is lost').toEqual(expect.arrayContaining(keys))
        expect(log, 'no acknowledged update is lost').toEqual(expect.arrayContaining(updates.get(ancestor) ?? []))
      }
    }
  }

  function ancestorsOf(id: SessionId): SessionId[] {
    const parents = [...heirs].filter(([, heir]) => heir === id).map(([parent]) => parent)
    return [id, ...parents.flatMap(ancestorsOf)]
  }

  function checkAlarms(): void {
    for (const [id, raised] of alarms) {
      expect(excused.has(id), 'an alarm over an honest client').toBe(true)
      expect(raised, 'alarms over one session').toBeLessThanOrEqual(1)
    }
  }

  /** The token in the browser's jar works, unless its session ended, expired, or is excused. */
  async function checkJar(): Promise<void> {
    const held = verdictOf(browser.cookie())
    if (held === null || excused.has(held.id)) return
    const { session } = await browser.open()
    const handled = lastHandled.get(held.id) ?? begunAt(held.id)
    const mayBeIdle = clock() - handled >= 29 * MINUTE || store.effects.touchSkipped.has(held.id)
    const mayBeOld = clock() - begunAt(held.id) >= 2 * HOUR
    if (session.refused === null) expect(session.id).toBe(held.id)
    else if (session.refused === 'ended') expect(store.effects.ended.has(held.id), 'ended by somebody').toBe(true)
    else if (session.refused === 'expired' || session.refused === 'unknown') {
      expect(mayBeIdle || mayBeOld || store.effects.ended.has(held.id), 'expired in its time').toBe(true)
    } else throw new Error(`The honest client’s token is ${session.refused}.`)
  }

  for (const step of steps) {
    take(step)
    await settle()
  }
  for (let turn = 0; running.size > 0; turn++) {
    if (store.waiting.length === 0) throw new Error('Requests wait for each other for ever.')
    pick(store.waiting, turn * 7)?.go()
    await settle()
  }
  store.letThrough()
  await checkRecords()
  checkAlarms()
  await checkJar()
  await checkRecords()
}
