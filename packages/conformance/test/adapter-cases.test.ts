import { adapterCases, runCases, toTable } from '@sojourn/conformance'
import { describe, expect, test } from 'vitest'
import { contextOf, type Decisions, RIGHT } from './flawed-adapter.ts'

/** Which of these cases an adapter fails that decides so. */
async function failures(wrong: Partial<Decisions>, names: readonly string[]): Promise<readonly string[]> {
  const cases = adapterCases.filter(({ name }) => names.includes(name))
  const results = await runCases(cases, contextOf(wrong), { timeoutMs: 2000 })
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name)
}

test('an adapter by hand for node:http holds', async () => {
  const results = await runCases(adapterCases, contextOf({}))
  expect(
    results.filter(({ status }) => status !== 'passed'),
    toTable(results),
  ).toEqual([])
})

const FLAWS: readonly (readonly [flaw: string, wrong: Partial<Decisions>, caught: readonly string[]])[] = [
  [
    'does not wait for the store',
    {
      commit(exchange) {
        Promise.resolve(exchange.commit()).catch(() => {})
        return []
      },
    },
    [
      'the response is held back until a new session is stored',
      'the response is held back until an edit is stored',
      'a stream does not begin before the session is stored',
      'a store that cannot be written is a 503 in place of the response',
      'a new session sets its cookie and is kept out of caches',
    ],
  ],
  [
    'never commits',
    { commit: () => [], finish: () => {}, leave: () => {} },
    [
      'a client that follows the redirect after a login is logged in',
      'a client that leaves before the answer loses no edits and does not stop the server',
    ],
  ],
  [
    'runs handlers of denied requests',
    { isDenied: () => false },
    ['a state-changing request from another site is refused before its handler runs'],
  ],
  [
    'sends the answer of a guard without a commit',
    { commit: (exchange) => (exchange.answer === null ? exchange.commit() : []) },
    ['the answer of a guard that saw the session replaces the handler, and carries what guards add to the response'],
  ],
  [
    'answers an outage with 500',
    { statusOf: () => 500 },
    [
      'a store that cannot be read is a 503 that runs no handler and touches no cookie',
      'if the note of a guard cannot be stored, its answer is not sent',
    ],
  ],
  [
    'takes a visitor for a new one when the store cannot be read',
    {
      open: async (sessions, view) => {
        try {
          return await sessions.open(view)
        } catch {
          return sessions.open({ ...view, header: () => null })
        }
      },
    },
    ['a store that cannot be read is a 503 that runs no handler and touches no cookie'],
  ],
  [
    'answers as if nothing were when the store cannot be written',
    {
      commit: async (exchange) => {
        try {
          return await exchange.commit()
        } catch {
          return []
        }
      },
    },
    [
      'a store that cannot be written is a 503 in place of the response',
      'a store that cannot be written is a 503 in place of a redirect',
      'a store that cannot be written is a 503 in place of a stream',
    ],
  ],
  [
    'puts its headers over those of the application',
    { apply: (response, { name, value }) => response.setHeader(name, value) },
    [
      "where the session was only read, the application's own Cache-Control stays",
      "the application's own cookies are kept beside the session's",
      'headers that a carrier appends are kept beside those of the application',
      "the application's own Vary stays",
    ],
  ],
  [
    'never replaces what the application set',
    {
      apply(response, change) {
        if (response.hasHeader(change.name) && change.how === 'replace') return
        RIGHT.apply(response, change)
      },
    },
    ['a shared cache never hands out a token: no header of the application lets it store one'],
  ],
  [
    'glues its cookie to those of the application',
    {
      apply(response, change) {
        const present = response.getHeader(change.name)
        if (change.name !== 'set-cookie' || present === undefined) return RIGHT.apply(response, change)
        response.setHeader('set-cookie', [...[present].flat().map(String).slice(0, -1), `${present}, ${change.value}`])
      },
    },
    ["the application's own cookies are kept beside the session's"],
  ],
  [
    'adds to Vary without looking',
    {
      apply(response, { name, value, how }) {
        if (how === 'append') response.appendHeader(name, value)
      },
    },
    ['Vary names the cookie once', 'a new session sets its cookie and is kept out of caches'],
  ],
  [
    'keeps a stream until it is whole',
    {
      async send(response, pieces) {
        const all: string[] = []
        for await (const piece of pieces) all.push(piece)
        response.write(all.join(''))
      },
    },
    ['a stream arrives piece by piece', 'server-sent events arrive one by one'],
  ],
  [
    'forgets what a stream edits late',
    { finish: () => {}, leave: () => {} },
    [
      'edits that a stream makes after its headers are stored when the stream ends',
      'edits that a stream made before its client left are stored',
    ],
  ],
  [
    'stores what a stream edits late only after its end',
    { finish: () => {} },
    ['edits that a stream makes after its headers are stored when the stream ends'],
  ],
  [
    'ends a stream whose late edit is lost',
    { fail: (response) => response.end() },
    ['a stream whose late edit cannot be stored is aborted, so its client does not take it for complete'],
  ],
  [
    'loses the new token with the error page',
    { errorsCommit: false },
    ['an error after a login does not lose the new token: the error page carries it'],
  ],
]

describe('an adapter that is broken in one way fails', () => {
  test.each(FLAWS)(
    '%s',
    async (_, wrong, caught) => {
      expect(await failures(wrong, caught)).toEqual(
        adapterCases.map(({ name }) => name).filter((name) => caught.includes(name)),
      )
    },
    30_000,
  )

  test('gives one visitor the session of another', async () => {
    let first: ReturnType<Decisions['open']> | undefined
    const wrong: Partial<Decisions> = {
      open(sessions, view) {
        first ??= sessions.open(view)
        return first
      },
    }
    const caught = ['visitors at the same time never get each other’s sessions']
    expect(await failures(wrong, caught)).toEqual(caught)
  })
})
