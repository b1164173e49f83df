import { SessionError } from 'sojourn'
import { assertIdCursor, assertStorable, createGate, isStorableId } from 'sojourn/stores/kit'
import { describe, expect, test } from 'vitest'
import { aRecord } from './records.ts'

const caught = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('a gate', () => {
  test('lets a call through, at once or later', async () => {
    const { ask } = createGate('files')
    expect(ask('read', () => 1)).toBe(1)
    await expect(ask('read', async () => 2)).resolves.toBe(2)
  })

  test('says what failed, and quotes nothing that the driver was given', async () => {
    const { ask } = createGate('files')
    const work = () => {
      throw new Error("no row with key 'secret'")
    }
    const now = caught(() => ask('read', work))
    const later = await (ask('read', async () => work()) as unknown as Promise<unknown>).catch(
      (error: unknown) => error,
    )
    for (const error of [now, later]) {
      expect(error).toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('files: read failed.') })
      expect((error as SessionError).cause).toMatchObject({ message: expect.not.stringContaining('secret') })
    }
  })

  test("keeps the store's own errors, and converts other errors as configured", () => {
    const own = new SessionError('ERR_STORE_FULL', 'files: the disk is full.')
    const other = new SessionError('ERR_DATA_TOO_LARGE', 'files: too large.')
    const { ask } = createGate('files', () => other)
    const fail = (error: Error) => () => {
      throw error
    }
    expect(caught(() => ask('write', fail(own)))).toBe(own)
    expect(caught(() => ask('write', fail(new Error('EFBIG'))))).toBe(other)
  })

  test('lets nothing through once it is closed, and closes once', async () => {
    let closed = 0
    const { ask, close } = createGate('files')
    const letGo = async (): Promise<void> => void closed++
    await Promise.all([close(letGo), close(letGo)])
    expect(closed).toBe(1)
    expect(() => ask('read', () => 1)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  })
})

describe('ids', () => {
  test.each([
    ['AAAAAAAAAAAAAAAAAAAAAA', true],
    ['a-_9', true],
    ['x'.repeat(64), true],
    ['x'.repeat(65), false],
    ['', false],
    ['a\n', false],
    ["a'b", false],
    ['../a', false],
  ])('%j: %s', (id, isGood) => {
    expect(isStorableId(id)).toBe(isGood)
    const record = { ...aRecord(), id: id as ReturnType<typeof aRecord>['id'] }
    expect(caught(() => assertStorable('files', record))).toEqual(
      isGood ? undefined : expect.objectContaining({ code: 'ERR_STORE' }),
    )
    expect(caught(() => assertIdCursor('files', id))).toEqual(
      isGood ? undefined : expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })

  test('a scan begins without a cursor', () => {
    expect(caught(() => assertIdCursor('files', null))).toBeUndefined()
  })
})
