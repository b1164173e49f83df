import { type CaseResult, runCases, storeCases } from '@sojourn/conformance'
import type { SessionId, Store } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { type Flaw, type FlawedStore, flawedStore } from './flawed-store.ts'

const without = {
  second: 'a test of the cases themselves',
  reopen: 'a test of the cases themselves',
  probe: 'a test of the cases themselves',
  sever: 'a test of the cases themselves',
}

function damage(store: Store, id: SessionId): void {
  ;(store as FlawedStore).damage(id)
}

function run(createStore: () => Store): Promise<readonly CaseResult[]> {
  return runCases(storeCases, { createStore, sweeps: true, scans: true, damage, without }, { timeoutMs: 5000 })
}

/** Each flaw, and words of one case that finds it. */
const FOUND_BY: Readonly<Record<Exclude<Flaw, 'none'>, string>> = {
  'asynchronous read-modify-write': '50 changes of different keys',
  'ended sessions are deleted': 'leaves the tombstone',
  'a save writes an ended session back': 'nothing writes an ended session back',
  'a touch writes an ended session back': 'nothing writes an ended session back',
  'create overwrites': 'refuses an id that is taken',
  'create overwrites tombstones': 'refuses the id of an ended session',
  'create checks before it waits': '20 creates of one id',
  'end answers every caller': '20 ends at once',
  'end overwrites tombstones': 'a session ends once',
  'end stores a tombstone for nothing': 'never lived is not stored',
  'end keeps the list entry': 'end answers with the last state',
  'values are merged': 'never merged',
  'values are parsed': 'never merged, never parsed',
  'other keys are dropped': 'the keys it names and no others',
  'expect is ignored': '`expect` that is not met',
  'expect sees inherited keys': 'every key can be expected',
  'a failed expect keeps the rest': '`expect` that is not met',
  'head ignores the version': 'a head made from an older version',
  'a stale head keeps its data': 'a head made from an older version',
  'data raises the version': 'data never moves the version',
  'counts its versions by itself': 'data never moves the version',
  'a stale touch is applied': 'from before a change of the head',
  'a stale touch is left out': 'from before a change of the head',
  'data beside a stale touch is kept': 'from before a change of the head',
  'an older touch is applied': 'older than the last one',
  'a touch is not stored': 'a touch moves last-seen and expiry',
  'the device is forgotten': 'every field of it',
  'plain assignment of keys': 'every key is an ordinary key',
  'texts end at NUL': 'every text comes back',
  'texts are trimmed': 'every text comes back',
  'half characters are replaced': 'half a character',
  'keys are normalised': 'every key is an ordinary key',
  'large texts are cut': '100 kB',
  'users by prefix': 'however like another or hostile',
  'users without case': 'however like another or hostile',
  'users cut at 255': 'however like another or hostile',
  'nobody is called null': 'anonymous session is in nobody',
  'list answers null': 'has the list []',
  'returns what it keeps': 'what a store returned',
  'keeps what it is given': 'what a store was given',
  'malformed ids throw': 'text that is no id is absent',
  'timers of 32 bits': 'live from the start',
  'sweeps what lives': 'nothing that lives',
  'sweeps a millisecond late': 'at the very millisecond',
  'sweeps without limit': 'no more than its limit',
  'sweeps by the first expiry': 'outlives its first expiry',
  'sweeps no tombstones': 'kept until its own time, then swept',
  'sweeps and leaves the list': 'at the very millisecond',
  'scans no tombstones': 'every record and every tombstone',
  'scans by position, the living first': 'misses none that was there',
  'scans take any cursor': 'no cursor of this store',
  'damaged means absent': 'is an error of its own',
  'a damaged record fails the list': 'hides none of the others',
  'the list leaves out a damaged record': 'a user ends every session, and is erased',
  'a damaged record cannot be ended': 'is ended by its id, once',
  'the end of a damaged record is not answered': 'an operator ends by its id',
  'a damaged record stops the sweep': 'a sweep gets past',
  'the scan leaves out a damaged record': 'a scan gets past',
  'closed means empty': 'a closed store rejects every call',
  'errors quote the id': 'no error quotes',
  'close fails the second time': 'setup and close may be called again',
}

describe('the store cases', () => {
  test('pass a store without a flaw', async () => {
    const results = await run(() => flawedStore('none'))
    expect(results.filter(({ status }) => status === 'failed')).toEqual([])
  })

  test.each(Object.entries(FOUND_BY) as [Flaw, string][])('find: %s', async (flaw, words) => {
    const cases = storeCases.filter(({ name }) => name.includes(words))
    expect(cases, words).toHaveLength(1)
    const [result] = await runCases(cases, {
      createStore: () => flawedStore(flaw),
      sweeps: true,
      scans: true,
      damage,
      without,
    })
    expect(result?.status, `${result?.name}: ${result?.reason}`).toBe('failed')
    expect(result?.reason).toMatch(/\S/)
  })
})
