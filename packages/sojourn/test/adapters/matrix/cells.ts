import { memoryStore, type Store } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Column, Layer } from './column.ts'
import { closeAll, type Outcome, open, type Perform, STORED_BEFORE } from './perform.ts'

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

/** Nothing of the handler's answer goes out, and no cookie. */
function assertFailed(
  layer: Layer,
  act: string,
  { status, headers, cookies, isWhole, crashes, body, finished }: Outcome,
  bare: Outcome,
): void {
  expect({ cookies, crashes, finished }).toEqual({ cookies: 0, crashes: [], finished: bare.finished })
  // An error that the handler throws after its answer may reach the error page first.
  const isAfter = act === 'throw after the answer' || act === 'a second answer'
  if (status !== null) expect(isAfter ? [500, 503] : [503]).toContain(status)
  // Destroying the connection cuts off the part of the error page that a compression below us still holds.
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

/** The call that cuts the answer off waits for the store, as the answer does, so a compression may have sent the answer by then. */
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

/**
 * Whatever a handler does with its response, the client gets the same bytes and the same fate as from the bare framework
 * in the same run, and the session's cookie with it. Cells: adapter × compression × store × act.
 */
export function testColumn(column: Column): void {
  afterAll(closeAll)
  beforeAll(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.spyOn(console, 'warn').mockImplementation(() => {})
  })
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
