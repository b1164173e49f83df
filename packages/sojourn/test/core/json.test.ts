import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, rejection } from './kit.ts'

async function stored(data: Record<string, unknown> = { a: 1, b: { deep: [1] } }) {
  const world = createWorld()
  const client = world.client()
  await client.send(edit(data))
  const { value: id } = await client.send((session) => session.id)
  world.store.calls.length = 0
  return { world, client, id }
}

describe('values that JSON cannot carry', () => {
  class Cart {
    items = 1
  }
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  let deep: unknown = 1
  for (let i = 0; i < 101; i++) deep = [deep]

  it.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'NaN'],
    ['infinity', Number.POSITIVE_INFINITY, 'Infinity'],
    ['a date', new Date(0), 'an instance of Date'],
    ['a map', new Map(), 'an instance of Map'],
    ['a set', new Set(), 'an instance of Set'],
    ['a class', new Cart(), 'an instance of Cart'],
    ['bytes', new Uint8Array(2), 'an instance of Uint8Array'],
    ['an error', new Error('secret'), 'an instance of Error'],
    ['a boxed string', Object('x'), 'an instance of String'],
    ['a function', () => 1, 'a function'],
    ['a symbol', Symbol('s'), 'a symbol'],
    ['a bigint', 1n, 'a bigint'],
    ['a cycle', cycle, 'cycle'],
    ['depth', deep, 'deeper than 100'],
    ['a promise', Promise.resolve(1), 'an instance of Promise'],
    ['a nameless class', new (class {})(), 'a class'],
  ])('%s is refused on the line that assigns it', async (_, value, found) => {
    const { world, client } = await stored({ a: 1 })
    const { session, commit } = await client.open()
    const error = await rejection(() => {
      session.data.bad = value
    })
    expect(error).toMatchObject({ name: 'SessionError', code: 'ERR_DATA_NOT_JSON' })
    expect(error.message).toContain(`data.bad`)
    expect(error.message).toContain(found)
    expect(session.data.bad).toBeUndefined()
    await commit()
    expect(world.store.count('write')).toBe(0)
  })

  it.each<[unknown, string]>([
    [{ a: { b: [1, { c: Number.NaN }] } }, 'data.x.a.b[1].c is NaN'],
    [{ 'odd key': undefined, 'other key': 1n }, 'data.x["other key"] is a bigint'],
    [{ list: [undefined] }, 'data.x.list[0] is undefined'],
    [new Array(2), 'data.x[0]'],
    // The path to the end of a cycle would be a hundred keys long.
    [{ a: cycle }, 'data.x contains a cycle, or is nested deeper than 100 levels'],
    [{ toJSON: () => 1 }, 'data.x is an object with its own toJSON'],
    [{ inner: { toJSON: () => 1 } }, 'data.x.inner is an object with its own toJSON'],
  ])('the path is named: %#', async (value, message) => {
    const { client } = await stored()
    const { session } = await client.open()
    const error = await rejection(() => edit({ x: value })(session))
    expect(error.message).toContain(message)
  })

  it('nested, they are refused when the request ends, and nothing of it is stored', async () => {
    const { world, client } = await stored({ a: { list: [1] } })
    const { session, commit } = await client.open()
    edit({ good: 1 })(session)
    ;(session.data.a as { list: unknown[] }).list.push({ when: new Date(0) })
    const error = await rejection(async () => commit())
    expect(error).toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
    expect(error.message).toContain('data.a.list[1].when is an instance of Date')
    expect(world.store.count('write')).toBe(0)
  })

  it('nested cycles and bigints, too', async () => {
    for (const make of [(o: Record<string, unknown>) => o, () => 1n]) {
      const { client } = await stored({ a: {} })
      const { session, commit } = await client.open()
      const inner = session.data.a as Record<string, unknown>
      inner.bad = make(inner)
      expect(await rejection(async () => commit())).toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
    }
  })

  it('are refused when the data is replaced as a whole, and it stays as it was', async () => {
    const { client } = await stored({ a: 1 })
    const { session } = await client.open()
    const error = await rejection(() => {
      session.data = { a: 2, b: new Map() }
    })
    expect(error.message).toContain('data.b')
    expect({ ...session.data }).toEqual({ a: 1 })
  })

  it('and what JSON does carry is taken', async () => {
    const { client } = await stored({})
    let nested: unknown = 1
    for (let i = 0; i < 98; i++) nested = [nested]
    const values = {
      nothing: null,
      text: 'é\ud800"\\',
      number: -1.5e300,
      yes: true,
      list: [[], {}, null],
      bare: Object.assign(Object.create(null), { x: 1 }),
      absent: { inner: undefined, there: 1 },
      toJSON: { toJSON: 'no function' },
      nested,
    }
    await client.send(edit(values))
    const { value } = await client.send(look)
    expect(value.data).toEqual(JSON.parse(JSON.stringify(values)))
  })

  it('the message holds no value', async () => {
    const { client } = await stored()
    const { session } = await client.open()
    const error = await rejection(() => edit({ x: { card: '4111', when: new Date(0) } })(session))
    expect(error.message).not.toMatch(/4111|1970/)
  })
})
