import { createSessions, type JsonValue, memoryStore, type Sessions, type SessionsOptions } from 'sojourn'
import * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'

/** The type of the data that these sessions have. */
function dataOf<Data extends object>(_: Sessions<Data>): Data {
  return {} as Data
}

test('without a type, data is any JSON', () => {
  expectTypeOf(dataOf(createSessions())).toEqualTypeOf<Record<string, JsonValue>>()
  expectTypeOf(dataOf(createSessions({ store: memoryStore() }))).toEqualTypeOf<Record<string, JsonValue>>()
})

test('with a schema, data is what it gives, keys with a default included', () => {
  const data = v.object({ cart: v.optional(v.array(v.string()), []), theme: v.optional(v.string()) })
  type Data = { cart: string[]; theme?: string | undefined }
  expectTypeOf(dataOf(createSessions({ data }))).toEqualTypeOf<Data>()
  expectTypeOf(dataOf(createSessions<Data>({ data }))).toEqualTypeOf<Data>()
})

test('a type alone is good if a session that begins empty has it', () => {
  type Data = { cart?: string[] }
  const options: SessionsOptions<Data> = {}
  expectTypeOf(dataOf(createSessions<Data>())).toEqualTypeOf<Data>()
  expectTypeOf(dataOf(createSessions<Data>(options))).toEqualTypeOf<Data>()
  expectTypeOf(dataOf(createSessions<Record<string, unknown>>({}))).toEqualTypeOf<Record<string, unknown>>()
})

test('a type that requires a key needs a schema, because every session begins empty', () => {
  type Data = { n: number }
  // @ts-expect-error Property 'data' is missing.
  createSessions<Data>({ store: memoryStore() })
  // @ts-expect-error It may be missing.
  createSessions<Data>({} as SessionsOptions<Data>)
  expectTypeOf(dataOf(createSessions<Data>())).toEqualTypeOf<Partial<Data>>()
})

test('a handler in the options knows its parameters', () => {
  createSessions({ describeDevice: (view) => ({ name: view.method, ip: view.peer }), warn: (text) => text.length })
})
