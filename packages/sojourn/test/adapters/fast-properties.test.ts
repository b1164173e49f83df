import type { ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { afterEach, expect, test } from 'vitest'
import { COOKIE, held, LAST, scripted, serveWire, type Wire } from './support/wire.ts'

setFlagsFromString('--allow-natives-syntax')
/** Whether V8 keeps the properties of an object in its hidden class. In a dictionary, node's own work with them costs more. */
const hasFastProperties = new Function('one', 'return %HasFastProperties(one)') as (one: object) => boolean

const wires: Wire[] = []
afterEach(() => {
  for (const wire of wires.splice(0)) wire.close()
})

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test.each([
  ['at once', () => [COOKIE], () => {}],
  ['later', () => later().then(() => [COOKIE]), () => {}],
  ['at once, and later edits later', () => [COOKIE], later],
])('a held response keeps its fast properties, if the store answers %s', async (_, commit, finish) => {
  const seen: ServerResponse[] = []
  const wire = await serveWire(
    held(
      () => scripted(commit, finish).exchange,
      (__, response) => {
        seen.push(response)
        response.writeHead(200, { 'x-own': '1' })
        response.end('b')
      },
    ),
  )
  wires.push(wire)
  expect(await wire.exchange(LAST)).toMatch(/^HTTP\/1.1 200 /)
  expect(seen.map(hasFastProperties)).toEqual([true])
  expect(seen.map(({ req }) => hasFastProperties(req))).toEqual([true])
})

test('responses that waited have the same hidden class', async () => {
  const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean
  const seen: ServerResponse[] = []
  const wire = await serveWire(
    held(
      () => scripted(() => later().then(() => [COOKIE])).exchange,
      (_, response) => {
        seen.push(response)
        response.end('b')
      },
    ),
  )
  wires.push(wire)
  for (let round = 0; round < 4; round++) await wire.exchange(LAST)
  const [, , third, last] = seen as [ServerResponse, ServerResponse, ServerResponse, ServerResponse]
  expect(haveSameMap(third, last)).toBe(true)
})
