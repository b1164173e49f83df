import { createHistory, type Losing } from '@sojourn/conformance'
import { describe, expect, test } from 'vitest'

const DONE = { kind: 'done' } as const

/** A session that began at 100, of which the user's lists and *log out everywhere* know nothing afterwards. */
function unlisted(): ReturnType<typeof createHistory> {
  const history = createHistory()
  history.add('a', { input: { kind: 'begin', token: 1, texts: {} }, output: null, calledAt: 100, returnedAt: 101 })
  const live = { kind: 'live', texts: {} } as const
  for (const calledAt of [300, 500])
    history.add('a', { input: { kind: 'open', token: 1 }, output: live, calledAt, returnedAt: calledAt + 1 })
  const notListed = { kind: 'listed', isThere: false } as const
  history.addToAll(() => ({ input: { kind: 'list' }, output: notListed, calledAt: 400, returnedAt: 401 }))
  history.addToAll(() => ({ input: { kind: 'end' }, output: DONE, calledAt: 402, returnedAt: 403 }))
  return history
}

const found = (losing?: Losing) =>
  unlisted()
    .check(losing && { losing })
    .map(({ kind }) => kind)

describe('a session that its user’s list has lost', () => {
  test('breaks a promise', () => {
    expect(found()).not.toEqual([])
  })

  test('breaks one too where the list and the session are on one server, whatever a failover lost', () => {
    expect(found({ from: 90, to: 110 })).not.toEqual([])
  })

  test('breaks none where the list is on another server, which lost what came with the login', () => {
    expect(found({ from: 90, to: 110, listsApart: true })).toEqual([])
  })

  test('breaks one where the login was long before', () => {
    expect(found({ from: 200, to: 210, listsApart: true })).not.toEqual([])
  })
})
