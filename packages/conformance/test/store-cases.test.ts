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
  'ended sessions are deleted': 'keeps only the tombstone',
  'a save writes an ended session back': 'no data, touch, head or create restores an ended session',
  'a touch writes an ended session back': 'no data, touch, head or create restores an ended session',
  'create overwrites': 'refuses an id that is taken',
  'create overwrites tombstones': 'refuses the id of an ended session',
  'create checks before it waits': '20 parallel creates of one id',
  'end answers every caller': '20 parallel ends',
  'end overwrites tombstones': 'a session ends once',
  'end stores a tombstone for nothing': 'never lived is not stored',
  'end keeps the list entry': 'end returns the last state, and keeps only the tombstone',
  'values are merged': 'never merged',
  'values are parsed': 'a value is replaced as a whole, and never merged or parsed',
  'other keys are dropped': 'a change sets, replaces and removes the keys that it names, and no others',
  'expect is ignored': 'an unmet `expect` is a conflict: the record is returned, and nothing of the change is stored',
  'expect sees inherited keys': 'every key can be expected',
  'a failed expect keeps the rest':
    'an unmet `expect` is a conflict: the record is returned, and nothing of the change is stored',
  'head ignores the version': 'a head made from an older version',
  'a stale head keeps its data': 'a head made from an older version',
  'data raises the version':
    'a change of data keeps the version; a change of the head sets the version that it carries',
  'counts its versions by itself':
    'a change of data keeps the version; a change of the head sets the version that it carries',
  'a stale touch is applied': 'from before a change of the head',
  'a stale touch is left out': 'from before a change of the head',
  'data beside a stale touch is kept': 'from before a change of the head',
  'an older touch is applied': 'older than the last one',
  'a touch is not stored': 'a touch moves last-seen and expiry',
  'the device is forgotten': 'in every field',
  'plain assignment of keys': 'every key is an ordinary key',
  'texts end at NUL': 'every text is read back unchanged',
  'texts are trimmed': 'every text is read back unchanged',
  'half characters are replaced': 'half a surrogate pair is kept or refused, and never changed silently',
  'keys are normalised': 'every key is an ordinary key',
  'large texts are cut': '100 kB',
  'users by prefix': 'no user id, however hostile or similar to another, lists or ends another user’s sessions',
  'users without case': 'no user id, however hostile or similar to another, lists or ends another user’s sessions',
  'users cut at 255': 'no user id, however hostile or similar to another, lists or ends another user’s sessions',
  'nobody is called null': 'anonymous session is in nobody',
  'list answers null': 'has the list []',
  'returns what it keeps': 'changing an object that a store returned does not change the store',
  'keeps what it is given': 'changing an object that was passed to a store does not change the store',
  'malformed ids throw': 'a text that is not an id is absent, and no error',
  'timers of 32 bits': 'live from the start',
  'sweeps what lives': 'no live ones',
  'sweeps a millisecond late': 'a sweep deletes expired records to the millisecond, and no live ones',
  'sweeps without limit': 'no more than its limit',
  'sweeps by the first expiry': 'outlives its first expiry',
  'sweeps no tombstones': 'kept until its own time, then swept',
  'sweeps and leaves the list': 'a sweep deletes expired records to the millisecond, and no live ones',
  'scans no tombstones': 'a scan returns every record and tombstone unchanged, for any page size',
  'scans by position, the living first':
    'a scan during which sessions end and start misses none that existed before it',
  'scans take any cursor': 'a text that is not a cursor of this store is an option error',
  'damaged means absent':
    'a record that cannot be read has an error code of its own, is never reported as absent, and its id stays taken',
  'a damaged record fails the list': 'hides none of the others',
  'the list leaves out a damaged record':
    'a user can end every session, and be erased, even if one record cannot be read',
  'a damaged record cannot be ended': 'is ended by its id, once',
  'the end of a damaged record is not answered': 'an operator can end an unreadable session by its id',
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
