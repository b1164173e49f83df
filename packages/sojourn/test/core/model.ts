import { createSessions, type Session, SessionError, type Sessions, type Store } from 'sojourn'
import { expect } from 'vitest'
import { type Client, createClient, createClock, MINUTE, SECOND, toView } from './kit.ts'
import { checkAlarms, checkJar, checkOpened, checkReceived, checkRecords, type Sent } from './model-checks.ts'
import { createHistory, type Data, type History, TIMEOUTS } from './model-history.ts'
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
  /** A request in flight, or a waiting call of the store, continues or fails. */
  | { readonly do: 'go' | 'fail'; readonly which: number }
  | { readonly do: 'tick'; readonly ms: number }
  /** An administrator ends one of the sessions there have been, sweeps, or lists. */
  | { readonly do: 'revoke'; readonly which: number }
  | { readonly do: 'sweep' | 'list' }
  /** Somebody copies what the browser's jar holds. */
  | { readonly do: 'steal' }

const send = (verb: Verb): Step => ({ do: 'send', verb, lost: false, thief: false })
const tick = (ms: number): Step => ({ do: 'tick', ms })
const DUE = [send('edit'), send('login ada'), tick(10 * MINUTE)]

/** The history before the schedule starts, so that schedules reach the interesting moments more often. */
const PROLOGUES = {
  nothing: [],
  'a session': [send('edit')],
  'a login': [send('edit'), send('login ada')],
  'a renewal is due': DUE,
  'a successor was handed out': [...DUE, send('read')],
  'a successor was seen': [...DUE, send('read'), send('read')],
  'nearly idle for too long': [send('login bob'), tick(30 * MINUTE - SECOND)],
} satisfies Record<string, readonly Step[]>

export type Prologue = keyof typeof PROLOGUES
export const prologues = Object.keys(PROLOGUES) as Prologue[]

/** The errors that a request may get because of other requests or a failing store. */
const EXPECTED = ['ERR_SESSION_ENDED', 'ERR_NOT_AUTHENTICATED', 'ERR_STORE', 'ERR_HEADERS_SENT']

/**
 * Runs a schedule against the model of one browser's sessions and says, by throwing, what does not hold. What no server can
 * help is excused: two responses that overtake each other on the way, a rotation whose response is lost, a thief.
 */
export async function runModel(
  inner: Store,
  { prologue, sealed, steps }: { prologue: Prologue; sealed: boolean; steps: readonly Step[] },
): Promise<void> {
  const clock = createClock()
  const store = createSteppingStore(inner)
  const options = { store, clock, sealed, timeouts: TIMEOUTS, warn: () => {} }
  const nodes: [Sessions<Data>, Sessions<Data>] = [createSessions<Data>(options), createSessions<Data>(options)]
  const [node] = nodes
  const [browser, thief] = [createClient(node), createClient(node)]
  const history = createHistory(inner, store, clock, nodes)
  /** Since when requests are on their way of whom two in a row must fit into the grace, which else would do them wrong. */
  const hurrying = new Set<{ readonly since: number }>()
  const running = new Set<Promise<void>>()
  const violations: unknown[] = []
  let count = 0

  async function hurry<T>(since: number, work: () => Promise<T>): Promise<T> {
    const one = { since }
    hurrying.add(one)
    return work().finally(() => hurrying.delete(one))
  }

  async function request(client: Client<Data>, { verb, lost }: Step & { do: 'send' }, actor: Actor): Promise<void> {
    const number = ++count
    const [sentAt, cookie] = [clock(), client.cookie()]
    const isTurn = verb === 'rotate' || verb === 'reauthenticated'
    const presented = history.verdictOf(cookie)
    const sent: Sent = { client, actor, verb, presented, endedBefore: new Set(), arrivedAt: sentAt, refused: null }
    const exchange = await hurry(sentAt, async () => {
      await store.travel()
      Object.assign(sent, { arrivedAt: clock(), endedBefore: new Set(history.endedForSure) } satisfies Partial<Sent>)
      return (nodes[number % 2] ?? node).open(toView({ cookie }))
    })
    const { session } = exchange
    sent.refused = session.refused
    checkOpened(history, session, sent)
    const { id } = session

    async function answer(): Promise<void> {
      await act(history, session, verb, number)
      const headers = await exchange.commit()
      const kept = inner.read(session.id)
      const isLive = !(kept instanceof Promise) && kept?.kind === 'live' && clock() < kept.expiresAt
      if (!sealed && verb === 'edit' && isLive && !history.cameTooLate.has(actor)) {
        expect(Object.keys(kept.data), 'an edit of a live session is stored').toContain(`k${number}`)
      }
      if (!lost) checkReceived(history, sent, headers)
      else if (isTurn) history.excused.add(id)
    }

    try {
      await (isTurn ? hurry(sentAt, answer) : answer())
    } catch (error) {
      if (isTurn) history.excused.add(id)
      throw error
    }
    // Calls that ended after the limit change nothing.
    const before = history.lastHandled.get(id) ?? history.begunAt(id)
    if (!session.isNew && clock() - before < 30 * MINUTE)
      history.lastHandled.set(id, Math.max(sent.arrivedAt, history.lastHandled.get(id) ?? 0))
    if (verb === 'late edit') session.data[`k${number}`] = { by: session.userId }
    await exchange.finish()
  }

  function start(name: string, work: (actor: Actor) => Promise<unknown>): void {
    const actor: Actor = { name, lastSteps: new Map() }
    const done: Promise<void> = actors
      .run(actor, () => work(actor))
      .catch((error: unknown) => {
        const isExpected = error instanceof SessionError && EXPECTED.includes(error.code)
        if (!isExpected && !(error instanceof Error && error.message === 'injected')) violations.push(error)
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

  function steal(): void {
    thief.jar.clear()
    for (const [key, value] of browser.jar) thief.jar.set(key, value)
    const stolen = history.verdictOf(browser.cookie())
    if (stolen !== null) history.excused.add(stolen.id)
  }

  async function revoke(which: number): Promise<void> {
    const id = pick([...store.effects.created.keys()], which)
    if (id === undefined) return
    await node.revoke(id)
    history.endedForSure.add(id)
  }

  function take(step: Step): void {
    if (step.do === 'send') start(step.verb, (actor) => request(step.thief ? thief : browser, step, actor))
    else if (step.do === 'go') pick(store.waiting, step.which)?.go()
    else if (step.do === 'fail') pick(store.waiting, step.which)?.fail()
    else if (step.do === 'revoke') start('revoke', () => revoke(step.which))
    else if (step.do === 'sweep') start('sweep', () => node.sweep())
    else if (step.do === 'list') start('list', () => node.list('ada'))
    else if (step.do === 'steal') steal()
    else if (step.do === 'tick') {
      const latest = Math.min(...[...hurrying].map(({ since }) => since + 14 * SECOND))
      clock.advance(Math.max(0, Math.min(step.ms, latest - clock())))
    }
  }

  for (const step of PROLOGUES[prologue]) {
    take(step)
    await settle()
  }
  store.setStepping(true)
  for (const step of steps) {
    take(step)
    await settle()
  }
  for (let turn = 0; running.size > 0; turn++) {
    if (store.waiting.length === 0) throw new Error('Requests wait for each other for ever.')
    pick(store.waiting, turn * 7)?.go()
    await settle()
  }
  store.setStepping(false)
  await checkRecords(history)
  checkAlarms(history)
  await checkJar(history, browser)
}

async function act(history: History, session: Session<Data>, verb: Verb, number: number): Promise<void> {
  const { id } = session
  if (verb === 'edit') session.data[`k${number}`] = { by: session.userId }
  if (verb === 'update') {
    await session.update('log', (log) => [...((log as number[] | undefined) ?? []), number])
    history.updates.set(id, [...(history.updates.get(id) ?? []), number])
  }
  if (verb === 'login ada' || verb === 'login bob') await session.login(verb.slice(6))
  if (verb === 'logout') {
    await session.logout()
    history.endedForSure.add(id)
  }
  if (verb === 'rotate') await session.rotate()
  if (verb === 'reauthenticated') await session.reauthenticated()
  if (verb === 'revoke others') await session.revokeOthers()
  if (verb === 'devices') {
    const devices = await session.devices()
    for (const device of devices) expect(history.userOf(device.id), 'whose device').toBe(session.userId)
  }
}

function pick<T>(items: readonly T[], which: number): T | undefined {
  return items[which % Math.max(1, items.length)]
}
