import type { AdapterServer } from '@sojourn/conformance'
import { createSessions, memoryStore, type Session, type Store } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Aside } from './acts.ts'
import { ask, type Fate, watchCrashes } from './fate.ts'
import { COLUMNS, type Column, type Layer } from './servers.ts'

/**
 * Whatever a handler does with its response, the client gets the same bytes and the same fate as from the bare framework
 * in the same run, and the session's cookie with it. Cells: adapter × compression × store × act.
 */
/** The handler awaits an `update` first, so the commit has nothing to store and answers in the same turn. */
const STORED_BEFORE = 'has stored before'

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const STORES: Readonly<Record<string, () => Store>> = {
  [STORED_BEFORE]: memoryStore,
  'answers at once': memoryStore,
  'answers later': () => createLater(async (store, record) => store.create(record)),
  'fails at once': () => ({
    ...memoryStore(),
    create() {
      throw new Error('connect ECONNREFUSED')
    },
  }),
  'fails later': () => createLater(() => Promise.reject(new Error('connect ECONNREFUSED'))),
}

type Create = (store: Store, record: Parameters<Store['create']>[0]) => Promise<boolean>

/** Some turns of the event loop later, as over a network. */
function createLater(create: Create): Store {
  const store = memoryStore()
  return {
    ...store,
    async create(record) {
      for (let round = 0; round < 4; round++) await tick()
      return create(store, record)
    },
  }
}

const closing: AdapterServer[] = []
afterAll(async () => {
  for (const server of closing.splice(0)) await server.close()
})
beforeAll(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})

interface Outcome extends Fate {
  readonly crashes: readonly string[]
  /** Whether the handler came to its end, and whether what it edited beside its answer was stored. */
  readonly finished: boolean
  readonly stored: boolean
}
type Perform = (act: string, mostMs: number) => Promise<Outcome>

/** Whether the handler may have something to do after the client has its answer. The other handlers finish with it. */
function isLong(layer: Layer, name: string, act: string): boolean {
  // Compression destroys its stream when its response closes, so this `drain` never comes. The same goes for a client that leaves.
  if (layer === 'inside' && name.startsWith('fails')) return act === 'the client leaves'
  return /waiting for drain|the client leaves/.test(act)
}

/** One request: what its handler may do beside its answer, what the client tells of it, and what came of it. */
function createTurn(act: string, finished: boolean) {
  const turn = { act, finished, stored: false }
  let onHead = (): void => {}
  let onBytes = (): void => {}
  const aside: Aside = {
    edit() {},
    finish() {
      turn.finished = true
    },
    head: new Promise((resolve) => {
      onHead = resolve
    }),
    firstBytes: new Promise((resolve) => {
      onBytes = resolve
    }),
  }
  return Object.assign(turn, { aside, onHead, onBytes })
}

/** One server, and the answer to each act on it. */
function open(column: Column, layer: Layer, name: string, createStore: (() => Store) | null): Perform {
  let turn = createTurn('', true)
  const store = createStore?.() ?? memoryStore()
  const watched: Pick<Store, 'create' | 'write'> = {
    create(record) {
      turn.stored ||= record.data.edited !== undefined
      return store.create(record)
    },
    write(id, change) {
      turn.stored ||= change.set?.edited !== undefined
      return store.write(id, change)
    },
  }
  const sessions =
    createStore === null ? null : createSessions<Record<string, unknown>>({ store: { ...store, ...watched } })
  let server: Promise<AdapterServer> | undefined
  return async (act, mostMs) => {
    const setting = { sessions, layer, begin: beginningOf(name), act: () => turn.act, aside: () => turn.aside }
    server ??= column.serve(setting)
    const { origin } = await server
    if (!closing.includes(await server)) closing.push(await server)
    turn = createTurn(act, !isLong(layer, name, act))
    const leaves = act === 'the client leaves'
    const method = act.endsWith('HEAD') ? 'HEAD' : 'GET'
    const stores = leaves && sessions !== null && !name.startsWith('fails')
    let fate: Fate | undefined
    const crashes = await watchCrashes(async () => {
      const { onHead, onBytes } = turn
      fate = await ask(origin, { isHttp2: column.isHttp2, method, leaves, onHead, onBytes })
      const giveUpAt = performance.now() + mostMs
      while (!(turn.finished && (turn.stored || !stores)) && performance.now() < giveUpAt) await tick()
    })
    return { ...(fate as Fate), crashes, finished: turn.finished, stored: turn.stored }
  }
}

function beginningOf(name: string): (session: Session<Record<string, unknown>>) => unknown {
  if (name === STORED_BEFORE) return (session) => session.update('seen', () => 1)
  return (session) => Object.assign(session.data, { seen: 1 })
}

/** Nothing of the handler's answer goes out, and no cookie. */
function assertFailed(
  layer: Layer,
  act: string,
  { status, headers, cookies, isWhole, crashes, body, finished }: Outcome,
  bare: Outcome,
): void {
  expect({ cookies, crashes, finished }).toEqual({ cookies: 0, crashes: [], finished: bare.finished })
  // What the handler throws after its answer may get to its error page first.
  const isAfter = act === 'throw after the answer' || act === 'a second answer'
  if (status !== null) expect(isAfter ? [500, 503] : [503]).toContain(status)
  // Who destroys the connection beside it cuts off what a compression below us has yet to let out of the error page.
  const cutsOff = isAfter || act === 'throw in the middle'
  if (bare.isWhole && !(cutsOff && layer === 'outside')) expect(isWhole).toBe(true)
  expect(body).not.toMatch(/hello|line|first|begun|three/)
  expect([headers.location, headers.trailer]).toEqual([undefined, undefined])
}

function assertSame(name: string, act: string, actual: Outcome, expected: Outcome): void {
  // The call returned long before node refused it, so the error page is ours.
  const isOurs = act === 'a header that node refuses'
  if (isOurs) {
    const { status, isWhole, crashes } = expected
    expect(actual).toMatchObject({ status, isWhole, crashes, cookies: 1 })
  } else if (expected.isWhole) expect(actual).toEqual({ ...expected, cookies: 1 })
  else if (act === 'the client leaves')
    expect(actual).toEqual({ ...expected, cookies: 1, finished: true, stored: true })
  else {
    expect(actual.crashes).toEqual(expected.crashes)
    // Where the bare framework breaks off before its first byte, the hold may break off after it.
    if (actual.status !== null) expect([actual.status, actual.cookies]).toEqual([expected.status ?? 200, 1])
    if (!isDelayed(name, act)) expect(actual.isWhole).toBe(false)
  }
}

/** What cuts the answer off waits for the store, as the answer does. So a compression may have let the answer out by then. */
function isDelayed(name: string, act: string): boolean {
  // Frameworks pass an error on in a later turn of the event loop, when such a store has answered.
  if (name === 'answers at once') return act === 'destroy after the answer'
  return name === 'answers later' && IS_ANSWERED.test(act)
}

const IS_ANSWERED = /after the answer|a second answer/

/**
 * A framework's error handler cuts off what a compression has yet to let out, and the two race, with us and without. One
 * of five is cut off.
 */
async function untilCutOff(perform: Perform, act: string, mostMs: number): Promise<Outcome> {
  let outcome = await perform(act, mostMs)
  for (let more = 4; more > 0 && outcome.isWhole; more--) outcome = await perform(act, mostMs)
  return outcome
}

for (const column of COLUMNS) {
  describe.each(column.layers)(`${column.name}, compression: %s`, (layer) => {
    const bare = open(column, layer, 'bare', null)
    const known = new Map<string, Promise<Outcome>>()
    const asBare = (act: string, mostMs: number): Promise<Outcome> => {
      const races = layer !== 'none' && IS_ANSWERED.test(act)
      const fate = known.get(act) ?? (races ? untilCutOff(bare, act, mostMs) : bare(act, mostMs))
      known.set(act, fate)
      return fate
    }

    describe.each(Object.entries(STORES))('a store that %s', (name, store) => {
      const fails = name.startsWith('fails')
      const perform = open(column, layer, name, store)
      test.for(column.acts(layer, fails))('%s', async (act, { task }) => {
        const mostMs = task.timeout / 2
        const expected = await asBare(act, mostMs)
        const isCutOff = !(fails || expected.isWhole || isDelayed(name, act))
        const actual = await (isCutOff ? untilCutOff(perform, act, mostMs) : perform(act, mostMs))
        if (fails) assertFailed(layer, act, actual, expected)
        else assertSame(name, act, actual, expected)
      })
    })
  })
}
