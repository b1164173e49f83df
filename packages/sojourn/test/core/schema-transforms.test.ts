import { type } from 'arktype'
import fc from 'fast-check'
import type { StandardSchema } from 'sojourn'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createWorld, rejection, type TestData, type World } from './kit.ts'

/** Schemas that make something else of what they get, by what they do to the key `a`. */
const SCHEMAS: Record<string, Record<string, StandardSchema<object>>> = {
  'to a Date': {
    valibot: v.object({
      a: v.optional(
        v.pipe(
          v.string(),
          v.transform((text) => new Date(text)),
        ),
      ),
    }),
    zod: z.object({
      a: z
        .string()
        .transform((text) => new Date(text))
        .optional(),
    }),
    arktype: type({ 'a?': type('string').pipe((text) => new Date(text)) }),
  },
  'to a Map': {
    valibot: v.object({
      a: v.optional(
        v.pipe(
          v.any(),
          v.transform(() => new Map()),
        ),
      ),
    }),
    zod: z.object({
      a: z
        .any()
        .transform(() => new Map())
        .optional(),
    }),
    arktype: type({ 'a?': type('unknown').pipe(() => new Map()) }),
  },
  'twice as much': {
    valibot: v.object({
      a: v.optional(
        v.pipe(
          v.number(),
          v.transform((n) => n * 2),
        ),
      ),
    }),
    zod: z.object({
      a: z
        .number()
        .transform((n) => n * 2)
        .optional(),
    }),
    arktype: type({ 'a?': type('number').pipe((n) => n * 2) }),
  },
  'to a length': {
    valibot: v.object({
      a: v.optional(
        v.pipe(
          v.string(),
          v.transform((text) => text.length),
        ),
      ),
    }),
    zod: z.object({
      a: z
        .string()
        .transform((text) => text.length)
        .optional(),
    }),
    arktype: type({ 'a?': type('string').pipe((text) => text.length) }),
  },
  trimmed: {
    valibot: v.object({ a: v.optional(v.pipe(v.string(), v.trim())) }),
    zod: z.object({ a: z.string().trim().optional() }),
    arktype: type({ 'a?': 'string.trim' }),
  },
  'coerced to a number': {
    valibot: v.object({ a: v.optional(v.pipe(v.unknown(), v.transform(Number), v.number())) }),
    zod: z.object({ a: z.coerce.number().optional() }),
    arktype: type({ 'a?': type('string.numeric.parse | number') }),
  },
  'checked only': {
    valibot: v.object({ a: v.optional(v.pipe(v.string(), v.minLength(2))) }),
    zod: z.object({ a: z.string().min(2).optional() }),
    arktype: type({ 'a?': 'string > 1' }),
  },
}

const CASES = Object.entries(SCHEMAS).flatMap(([what, libraries]) =>
  Object.entries(libraries).map(([library, schema]) => [what, library, schema] as const),
)

async function store(world: World<TestData>, a: unknown) {
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const error = await client
    .send((session) => Object.assign(session.data, { a }))
    .then(
      () => null,
      (thrown: Error & { code?: string }) => thrown,
    )
  return { client, error }
}

describe.each(CASES)('a schema that makes it %s (%s)', (_, library, schema) => {
  it('property: what a write accepts, every later request reads, and reads the same', async () => {
    const values = fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant('1990-01-01'),
      fc.constant(' x '),
      fc.jsonValue(),
    )
    await fc.assert(
      fc.asyncProperty(values, async (a) => {
        if (typeof a === 'number' && !Number.isFinite(a)) return
        const world = createWorld({ data: schema as StandardSchema<TestData> })
        const { client, error } = await store(world, a)
        if (error !== null) {
          expect(error.code).toBe('ERR_DATA_INVALID')
          return
        }
        const first = await client.send((session) => JSON.stringify(session.data))
        await client.send((session) => Object.assign(session.data, { other: 1 }))
        await client.send((session) => session.update('a', (value) => value))
        const second = await client.send((session) => {
          const { other: __, ...rest } = session.data
          return JSON.stringify(rest)
        })
        expect(second.value).toBe(first.value)
        expect(world.eventsOf('invalidData')).toEqual([])
      }),
      { numRuns: library === 'valibot' ? 60 : 30 },
    )
  })
})

describe('a value that the schema turns into what cannot be stored', () => {
  it.each(CASES.filter(([what]) => what.startsWith('to a') || what === 'twice as much'))(
    'is refused when it is written: %s (%s)',
    async (what, _, schema) => {
      const world = createWorld({ data: schema as StandardSchema<TestData> })
      const { error } = await store(world, what === 'twice as much' ? 1 : '1990-01-01')
      expect(error).toMatchObject({ code: 'ERR_DATA_INVALID' })
      expect(error?.message).toContain('Not stored: a')
      expect(error?.message).not.toContain('1990')
    },
  )

  it.each(['drop', 'end', 'throw'] as const)(
    'that is stored already counts as one that does not fit: no endless 500, and logout works (invalidData: %s)',
    async (invalidData) => {
      const schema = SCHEMAS['to a Date']?.valibot as StandardSchema<TestData>
      const world = createWorld({ data: schema, invalidData })
      const { client } = await store(world, undefined)
      const { value: id } = await client.send((session) => session.id)
      await world.store.write(id, { set: { a: '"1990-01-01"' } })
      const seen = client.send((session) => ({ ...session.data }))
      if (invalidData === 'throw') expect(await rejection(seen)).toMatchObject({ code: 'ERR_DATA_INVALID' })
      else expect((await seen).value).toEqual({})
      expect(world.eventsOf('invalidData')).toMatchObject([{ id, paths: ['a'] }])
      await client.send((session) => session.logout())
      expect((await world.kept(id))?.kind).toBe('ended')
    },
  )
})

describe('a default that is an object', () => {
  const given = { list: [] as string[] }
  it.each<[string, StandardSchema<object>]>([
    [
      'valibot',
      v.object({
        a: v.optional(
          v.custom<typeof given>(() => true),
          given,
        ),
      }),
    ],
    ['zod', z.object({ a: z.object({ list: z.array(z.string()) }).default(given) })],
    [
      'zod, when what is stored does not fit',
      z.object({
        a: z
          .object({ list: z.array(z.string()) })
          .catch(given)
          .optional(),
      }),
    ],
  ])('is nobody else’s: an edit in place does not reach other sessions (%s)', async (_, schema) => {
    const world = createWorld({ data: schema as StandardSchema<{ a: { list: string[] } }> })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      Object.assign(session.data, { b: 1 })
      return session.id
    })
    await world.store.write(id, { set: _.includes('stored') ? { a: '7' } : {} })
    await client.send((session) => void session.data.a.list.push('ada’s secret'))
    expect(given).toEqual({ list: [] })
  })
})

describe('a schema that fails in another way', () => {
  const world = (validate: (value: Record<string, unknown>) => unknown, options = {}) =>
    createWorld({ ...options, data: { '~standard': { version: 1, vendor: 'x', validate } } as never })

  it.each<[string, (value: Record<string, unknown>) => unknown, string]>([
    ['throws', () => JSON.parse('{'), 'accept {}'],
    ['gives a text', () => ({ value: 'text' }), 'accept {}'],
    ['gives nothing', () => ({ value: null }), 'accept {}'],
    ['answers later', async (value) => ({ value }), 'at once'],
    [
      'has defaults that it refuses',
      (value) => (value.a === undefined ? { value: { a: 1 } } : { issues: [] }),
      'accept what it gives',
    ],
    ['counts how often it was asked', (value) => ({ value: { n: Number(value.n ?? 0) + 1 } }), 'accept what it gives'],
  ])('%s: refused at the start', async (_, validate, text) => {
    const error = await rejection(() => world(validate))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(text)
  })

  it.each<[string, (a: unknown) => unknown, string]>([
    ['throws at some values', () => JSON.parse('{'), 'threw'],
    ['answers later at some values', () => Promise.reject(new Error('late')), 'promise'],
  ])('%s: refused when written; when stored already, that key alone does not count', async (_, answer, text) => {
    const broken = world((value) => ('a' in value ? answer(value.a) : { value }))
    const { client, error } = await store(broken, 1)
    expect(error).toMatchObject({ code: 'ERR_DATA_INVALID' })
    expect(error?.message).toContain(text)
    const { value: id } = await client.send((session) => session.id)
    await broken.store.write(id, { set: { a: '1', cart: '["lamp"]' } })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ cart: ['lamp'] })
    await client.send((session) => Object.assign(session.data, { cart: [] }))
    expect((await broken.record(id)).data).toEqual({ a: '1', cart: '[]' })
    await client.send((session) => session.logout())
  })
})
