import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, rejection } from './kit.ts'

/** The edits of a test, made in place. JavaScript allows all of them. */
interface Stored {
  list: unknown[] & Record<string, unknown>
  box: Record<string, unknown>
  [key: string]: unknown
}

const STORED = { list: [1, null, {}, 0], box: { when: null, map: {}, count: 0 } }

async function opened() {
  const world = createWorld()
  const client = world.client()
  await client.send(edit(structuredClone(STORED)))
  const exchange = await client.open()
  return { client, exchange, data: exchange.session.data as Stored }
}

describe('a nested edit of what was read from the session is stored', () => {
  it.each<[string, (data: Stored) => unknown, object]>([
    ['an element', ({ list }) => Reflect.set(list, 0, 'x'), { ...STORED, list: ['x', null, {}, 0] }],
    ['a new last element', ({ list }) => Reflect.set(list, 4, 'x'), { ...STORED, list: [1, null, {}, 0, 'x'] }],
    ['the length', ({ list }) => Reflect.set(list, 'length', 1), { ...STORED, list: [1] }],
    ['the order', ({ list }) => void list.reverse(), { ...STORED, list: [0, {}, null, 1] }],
    [
      'an object in an array',
      ({ list }) => void Object.assign(list[2] as object, { a: 1 }),
      { ...STORED, list: [1, null, { a: 1 }, 0] },
    ],
    ['a deleted property', ({ box }) => void delete box.map, { ...STORED, box: { when: null, count: 0 } }],
  ])('%s', async (_, change, expected) => {
    const { client, exchange, data } = await opened()
    change(data)
    await exchange.commit()
    expect((await client.send(look)).value.data).toEqual(expected)
  })
})

describe('a nested edit that JSON would drop is refused when the request ends', () => {
  class Cart {}
  class Items extends Array {}
  it.each<[string, (data: Stored) => unknown, string]>([
    [
      'a property of an array',
      ({ list }) => Reflect.set(list, 'total', 3),
      'data.list.total is a property of an array',
    ],
    ['a negative index', ({ list }) => Reflect.set(list, '-1', 3), 'data.list["-1"] is a property of an array'],
    [
      'a Map where {} was',
      ({ box }) => Reflect.set(box, 'map', new Map([[1, 2]])),
      'data.box.map is an instance of Map',
    ],
    [
      'a Set in an array, where {} was',
      ({ list }) => Reflect.set(list, 2, new Set([1])),
      'data.list[2] is an instance of Set',
    ],
    [
      'an instance of a class where {} was',
      ({ box }) => Reflect.set(box, 'map', new Cart()),
      'data.box.map is an instance of Cart',
    ],
    ['NaN where null was', ({ box }) => Reflect.set(box, 'when', Number.NaN), 'data.box.when is NaN'],
    [
      'undefined in an array, where null was',
      ({ list }) => Reflect.set(list, 1, undefined),
      'data.list[1] is undefined',
    ],
    ['a hole where null was', ({ list }) => void delete list[1], 'data.list[1] is undefined'],
    ['a function beside data', ({ box }) => Reflect.set(box, 'run', () => 1), 'data.box.run is a function'],
    ['a symbol beside data', ({ box }) => Reflect.set(box, 'run', Symbol('x')), 'data.box.run is a symbol'],
    ['a Date', ({ box }) => Reflect.set(box, 'when', new Date(0)), 'data.box.when is an instance of Date'],
    [
      'an array of a class of its own',
      (data) => Reflect.set(data.box, 'map', Items.from([1])),
      'data.box.map is an instance of Items',
    ],
  ])('%s', async (_, change, message) => {
    const { client, exchange, data } = await opened()
    change(data)
    const error = await rejection(async () => exchange.commit())
    expect(error).toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
    expect(error.message).toContain(message)
    expect((await client.send(look)).value.data).toEqual(STORED)
  })

  it('and on the line of the assignment, or of the update, when the whole value is assigned', async () => {
    const { exchange, data } = await opened()
    const list = Object.assign([1], { total: 1 })
    expect((await rejection(() => edit({ other: list })(exchange.session))).message).toContain('data.other.total')
    const update = exchange.session.update('list', () => list)
    expect((await rejection(update)).message).toContain('data.list.total')
    expect(data.list).toEqual(STORED.list)
  })
})

it('lists of what the session is are frozen: a change is an error on its line', async () => {
  const { client } = await opened()
  await client.send((session) => session.login('ada', { methods: ['pwd'], device: { name: 'phone' } }))
  const { session } = await client.open()
  expect(() => (session.methods as string[]).push('otp')).toThrow(TypeError)
  expect(() => Object.assign(session.device ?? {}, { name: 'other' })).toThrow(TypeError)
  expect([session.methods, session.device?.name]).toEqual([['pwd'], 'phone'])
})
