import type { AdapterServer } from '@sojourn/conformance'
import { createSessions, memoryStore, type Session, type Store } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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
  /** Whether the handler heard that its client left, and whether what it edited beside its answer was stored. */
  readonly heard: boolean
  readonly stored: boolean
}
type Perform = (act: string) => Promise<Outcome>

/** One server, and the answer to each act on it. */
function open(column: Column, layer: Layer, name: string, createStore: (() => Store) | null): Perform {
  let current = ''
  let heard = false
  let stored = false
  const aside = {
    edit() {},
    hear() {
      heard = true
    },
  }
  const store = createStore?.() ?? memoryStore()
  const watched: Pick<Store, 'create' | 'write'> = {
    create(record) {
      stored ||= record.data.edited !== undefined
      return store.create(record)
    },
    write(id, change) {
      stored ||= change.set?.edited !== undefined
      return store.write(id, change)
    },
  }
  const sessions =
    createStore === null ? null : createSessions<Record<string, unknown>>({ store: { ...store, ...watched } })
  let server: Promise<AdapterServer> | undefined
  return async (act) => {
    server ??= column.serve({ sessions, layer, begin: beginningOf(name), act: () => current, aside })
    const { origin } = await server
    if (!closing.includes(await server)) closing.push(await server)
    current = act
    heard = false
    stored = false
    const leaves = act === 'the client leaves'
    let fate: Fate | undefined
    const crashes = await watchCrashes(async () => {
      fate = await ask(origin, { isHttp2: column.isHttp2, method: act.endsWith('HEAD') ? 'HEAD' : 'GET', leaves })
      const isOver = (): boolean => !leaves || (heard && (stored || sessions === null || name.startsWith('fails')))
      const giveUpAt = performance.now() + MOST_MS
      while (!isOver() && performance.now() < giveUpAt) await tick()
    })
    return { ...(fate as Fate), crashes, heard, stored }
  }
}

/** For a busy machine. Nobody waits so long for what does happen. */
const MOST_MS = 3000

function beginningOf(name: string): (session: Session<Record<string, unknown>>) => unknown {
  if (name === STORED_BEFORE) return (session) => session.update('seen', () => 1)
  return (session) => Object.assign(session.data, { seen: 1 })
}

/** Nothing of the handler's answer goes out, and no cookie. */
function assertFailed(
  layer: Layer,
  act: string,
  { status, cookies, isWhole, crashes, body, heard }: Outcome,
  bare: Outcome,
): void {
  expect({ cookies, crashes, heard }).toEqual({ cookies: 0, crashes: [], heard: bare.heard })
  // What the handler throws beside it may get to its error page first.
  const throws = act.startsWith('throw') || act === 'a second answer'
  if (isWhole) expect(throws ? [500, 503] : [503]).toContain(status)
  // Who destroys the connection beside it cuts off what a compression below us has yet to let out of the error page.
  if (bare.isWhole && !(throws && layer === 'outside')) expect(isWhole).toBe(true)
  expect(body).not.toMatch(/hello|line|first|begun|three/)
}

function assertSame(act: string, actual: Outcome, expected: Outcome): void {
  // The call returned long before node refused it, so the error page is ours.
  const isOurs = act === 'a header that node refuses'
  if (isOurs) {
    const { status, isWhole, crashes } = expected
    expect(actual).toMatchObject({ status, isWhole, crashes, cookies: 1 })
  } else if (expected.isWhole) expect(actual).toEqual({ ...expected, cookies: 1 })
  else if (act === 'the client leaves') expect(actual).toEqual({ ...expected, cookies: 1, heard: true, stored: true })
  else {
    expect(actual.crashes).toEqual(expected.crashes)
    // Where the bare framework cuts its own answer off in a compression, the hold delays the cut, and the answer may arrive.
    const wasAnswered = /after the answer|a second answer/.test(act)
    if (wasAnswered && actual.isWhole) expect([actual.status, actual.cookies]).toEqual([200, 1])
    else expect(actual.isWhole).toBe(false)
  }
}

for (const column of COLUMNS) {
  describe.each(column.layers)(`${column.name}, compression: %s`, (layer) => {
    const bare = open(column, layer, 'bare', null)
    const known = new Map<string, Promise<Outcome>>()
    const asBare = (act: string): Promise<Outcome> => {
      const fate = known.get(act) ?? bare(act)
      known.set(act, fate)
      return fate
    }

    describe.each(Object.entries(STORES))('a store that %s', (name, store) => {
      const perform = open(column, layer, name, store)
      test.each(column.acts(layer, name.startsWith('fails')))('%s', async (act) => {
        const expected = await asBare(act)
        const actual = await perform(act)
        if (name.startsWith('fails')) assertFailed(layer, act, actual, expected)
        else assertSame(act, actual, expected)
      })
    })
  })
}
