import type { Candidates, Carrier, RequestView } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import type { Case } from '../case.ts'
import { MOST_CANDIDATES } from './candidates.ts'
import type { CarrierContext } from './context.ts'
import { hostileTexts, namesOf, PIECES, replaced } from './requests.ts'
import { createQuietCarrier, TOKEN, UNTIL_CLOSED } from './tokens.ts'

/** The most that `write`, or `clear` and `clearDuplicates` together, may add to a response. */
const MOST_HEADER_CHARACTERS = 8192
/** Enough for work that grows linearly with the input's length, far too little for quadratic work. */
const MOST_MS_FOR_A_MEGABYTE = 1000

/** The values that the requests below try to inject. */
const INJECTED = /evil: 1|domain=evil/i

export const hostileCases: readonly Case<CarrierContext>[] = [
  {
    name: 'any bytes in the headers are handled without an error',
    guarantee: '9 Hostile input costs nothing',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      const honest = handed(ctx, carrier)
      for (const name of namesOf(carrier)) {
        for (const text of hostileTexts(honest.header(name) ?? '')) {
          const { values } = readClean(carrier, replaced(honest, { [name]: text }))
          for (const value of values) assert(text.includes(value), 'a candidate is text that was not in the header')
        }
      }
    },
  },
  {
    name: 'a header of a megabyte is read in time proportional to its length',
    guarantee: '9 Hostile input costs nothing',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      const honest = handed(ctx, carrier)
      for (const name of namesOf(carrier)) {
        const text = honest.header(name) ?? ''
        for (const piece of [text, `${text}; `, `${text.slice(0, -TOKEN.length)}`, `; ${text}`, ...PIECES]) {
          const view = replaced(honest, { [name]: piece.repeat(Math.ceil(1_000_000 / Math.max(1, piece.length))) })
          const began = performance.now()
          readClean(carrier, view)
          const ms = Math.round(performance.now() - began)
          assert(ms < MOST_MS_FOR_A_MEGABYTE, `a megabyte of ${JSON.stringify(piece.slice(0, 8))} took ${ms} ms`)
        }
      }
    },
  },
  {
    name: 'a hostile request injects nothing into the response headers, and does not make them grow',
    guarantee: '9 Hostile input costs nothing',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      for (const view of hostileRequests(ctx.createClient().request())) {
        const written = carrier.write(view, TOKEN, UNTIL_CLOSED)
        const cleared = [...carrier.clear(view), ...(carrier.clearDuplicates?.(view) ?? [])]
        for (const changes of [written, cleared]) {
          const texts = changes.map(({ value }) => value)
          assert(
            texts.every((text) => /^[\t\x20-\x7e]*$/.test(text)),
            'a response header has a control character, or one beyond ASCII',
          )
          assert(
            !texts.some((text) => INJECTED.test(text)),
            'a part of the request became an attribute or a header of the response',
          )
          const length = texts.join('').length
          assert(
            length <= MOST_HEADER_CHARACTERS,
            `the response headers have ${length} characters, more than ${MOST_HEADER_CHARACTERS}`,
          )
        }
      }
    },
  },
  {
    name: 'a token that could inject attributes or headers is not written',
    guarantee: '9 Hostile input costs nothing',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      const view = ctx.createClient().request()
      for (const piece of ['; Domain=evil.example', '\r\nevil: 1', '\n', '\0', '\u0100']) {
        const token = `${TOKEN}${piece}` as typeof TOKEN
        let values: readonly string[] = []
        try {
          values = carrier.write(view, token, UNTIL_CLOSED).map(({ value }) => value)
        } catch (error) {
          assert(!String(error).includes(TOKEN), 'the error repeats the token')
        }
        assert(
          !values.some((value) => value.includes(piece)),
          `${JSON.stringify(piece)} from a token reached the response headers`,
        )
      }
    },
  },
]

/** A request of a client that holds a token. */
function handed(ctx: CarrierContext, carrier: Carrier): RequestView {
  const client = ctx.createClient()
  client.receive(carrier.write(client.request(), TOKEN, UNTIL_CLOSED))
  return client.request()
}

function readClean(carrier: Carrier, view: RequestView): Candidates {
  const found = carrier.read(view)
  assert(found.values.length <= MOST_CANDIDATES, `${found.values.length} candidates, more than ${MOST_CANDIDATES}`)
  assert(
    found.values.every((value) => typeof value === 'string'),
    'a candidate is no string',
  )
  assertEqual(carrier.read(view), found, 'a second reading of the same request')
  return found
}

function hostileRequests(view: RequestView): readonly RequestView[] {
  const urls = [
    '',
    '*',
    'evil',
    '//evil',
    '/evil;Domain=evil',
    '/\r\nevil: 1',
    '/\0evil',
    '/evil\u0100',
    `/${'evil/'.repeat(5000)}`,
    `/${'e'.repeat(50_000)}`,
  ]
  const hosts = [
    '',
    '.',
    '..',
    'evil;x',
    'evil\r\nx: y',
    'evil\0',
    'evil..',
    '-evil.-',
    '[evil',
    '[::1',
    '1.2.3.4',
    'e.'.repeat(10_000),
    `evil_.${'e'.repeat(300)}`,
  ]
  const others = ['sec-fetch-site', 'origin', 'x-forwarded-proto', 'forwarded'].map((name) =>
    replaced(view, { [name]: 'evil\r\n\0;' }),
  )
  return [...urls.map((url) => replaced(view, {}, url)), ...hosts.map((host) => replaced(view, { host })), ...others]
}
