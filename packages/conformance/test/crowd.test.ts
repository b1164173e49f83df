import { type Crowd, createCrowd, type Violation } from '@sojourn/conformance'
import { memoryStore, type SessionId, type Store } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { type Flaw, flawedStore } from './flawed-store.ts'

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Answers as stores over a network do: some time later, in no order. `lose`: how many answers out of a hundred never come. */
function slow(inner: Store, lose = 0): Store {
  const lag =
    <Args extends unknown[], T>(call: (...args: Args) => T | Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await later(Math.random() * 3)
      if (Math.random() * 200 < lose) throw new Error('lost on the way')
      const answer = await call(...args)
      await later(Math.random() * 3)
      if (Math.random() * 200 < lose) throw new Error('lost on the way back')
      return answer
    }
  const { read, create, write, end, list } = inner
  return {
    name: 'slow',
    read: lag(read),
    create: lag(create),
    write: lag(write),
    end: lag(end),
    list: lag(list),
    close: () => inner.close(),
  }
}

/** Some hundred requests, and a look at everything afterwards. */
async function run(store: Store): Promise<Crowd> {
  const crowd = createCrowd({ stores: [store, store], clients: 40, pauseMs: 2 })
  for (let tries = 0; crowd.answers.length < 800 && tries < 2000; tries++) await later(5)
  await crowd.stop()
  await crowd.audit()
  return crowd
}

describe('a crowd', () => {
  test('on a correct store has a history that can be explained', async () => {
    const crowd = await run(slow(memoryStore()))
    expect(crowd.history.check()).toEqual([])
    expect([...crowd.unexpected, ...crowd.failures]).toEqual([])
    const operations = [...crowd.history.sessions.values()].flat()
    const kinds = new Set(operations.map(({ input, output }) => `${input.kind} ${output?.kind}`))
    const wanted = ['begin done', 'open live', 'open refused', 'write done', 'update done', 'rotate done', 'end done']
    expect([...kinds]).toEqual(expect.arrayContaining(wanted))
  })

  test('of which many answers are lost still has one', async () => {
    const crowd = await run(slow(memoryStore(), 10))
    expect(crowd.history.check()).toEqual([])
    expect(crowd.unexpected).toEqual([])
    expect(crowd.failures.length).toBeGreaterThan(10)
  })

  const flawed = (flaw: Flaw) => (): Store => flawedStore(flaw)
  const FLAWS: [flaw: string, open: () => Store, kind: Violation['kind']][] = [
    ['a save writes an ended session back', flawed('a save writes an ended session back'), 'ended session open'],
    ['other keys are dropped', flawed('other keys are dropped'), 'acknowledged write missing'],
    ['expect is ignored', flawed('expect is ignored'), 'acknowledged write missing'],
    ['head ignores the version', flawed('head ignores the version'), 'impossible answer'],
    ['an end is answered before it is done', endsLate, 'ended session open'],
    ['reads are from a moment ago', readsOld, 'ended session open'],
    ['one write in a hundred is not kept', forgetsSome, 'acknowledged write missing'],
  ]

  test.each(FLAWS)(
    'finds: %s',
    async (_, open, kind) => {
      // Whether a crowd comes upon a flaw is chance, and chance has a few tries.
      const found: string[] = []
      for (let tries = 0; tries < 5 && !found.includes(kind); tries++) {
        const crowd = await run(slow(open()))
        found.push(...crowd.history.check().map((violation) => violation.kind))
      }
      expect(found).toContain(kind)
    },
    60_000,
  )

  test('finds: a list of somebody else’s sessions', async () => {
    const crowd = await run(slow(flawedStore('users by prefix')))
    expect(crowd.unexpected.map(String)).toContain('Error: A list with another user’s session.')
  })
})

function endsLate(): Store {
  const inner = memoryStore()
  return {
    ...inner,
    async end(id, tombstone) {
      const last = await inner.read(id)
      setTimeout(() => inner.end(id, tombstone), 30)
      return last?.kind === 'live' ? last : null
    },
  }
}

function readsOld(): Store {
  const inner = memoryStore()
  const cache = new Map<SessionId, ReturnType<Store['read']>>()
  return {
    ...inner,
    read(id) {
      const found = cache.get(id) ?? inner.read(id)
      cache.set(id, found)
      setTimeout(() => cache.delete(id), 50)
      return found
    },
  }
}

function forgetsSome(): Store {
  const inner = memoryStore()
  let count = 0
  return {
    ...inner,
    write: (id, change) => (++count % 100 === 0 ? { status: 'written' } : inner.write(id, change)),
  }
}
