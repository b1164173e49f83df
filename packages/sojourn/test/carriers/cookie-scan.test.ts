import fc from 'fast-check'
import { cookieCarrier } from 'sojourn/carriers/cookie'
import { describe, expect, test } from 'vitest'
import { viewOf } from './views.ts'

const NAME = '__Host-session'
const carrier = cookieCarrier()
const scan = (cookie: string) => carrier.read(viewOf('https://shop.example/', { headers: { cookie } }))

describe('scanning a Cookie header', () => {
  test.each<[what: string, header: string, values: readonly string[]]>([
    ['no cookie at all', '', []],
    ['the only cookie', '__Host-session=abc', ['abc']],
    ['the first', '__Host-session=abc; a=1', ['abc']],
    ['the last', 'a=1; b=2; __Host-session=abc', ['abc']],
    ['in the middle, without a blank', 'a=1;__Host-session=abc;b=2', ['abc']],
    ['after many blanks and tabs', 'a=1; \t \t__Host-session=abc', ['abc']],
    ['blanks around the value', '__Host-session= \tabc\t ; a=1', ['abc']],
    ['leading and doubled semicolons', ';;__Host-session=abc;;', ['abc']],
    ['an equals sign within the value', '__Host-session=a=b==', ['a=b==']],
    ['quotes stay part of the value, as browsers have it', '__Host-session="abc"', ['"abc"']],
    ['an emptied one is none', '__Host-session=; a=1', []],
    ['emptied to blanks', '__Host-session=  ; a=1', []],
    ['the name in another case is another cookie', '__host-session=abc; __HOST-SESSION=abc', []],
    ['a longer name that ends alike', 'x__Host-session=abc; my__Host-session=x', []],
    ['a longer name that begins alike', '__Host-session2=abc', []],
    ['a nameless cookie that is called like it', '__Host-session', []],
    ['a nameless cookie whose value looks like it', '=__Host-session=abc', []],
    ['a nameless one after another cookie', 'a=1; =__Host-session=abc', []],
    ['a blank before the equals sign', '__Host-session =abc', []],
    ['within the value of another', 'a=__Host-session=abc', []],
    ['within the value of another, after a blank', 'a=x __Host-session=abc', []],
    ['after a comma, which joins no cookies', 'a=1, __Host-session=abc', []],
    ['two values, in order', '__Host-session=b; x=1; __Host-session=a', ['b', 'a']],
    ['one value twice', '__Host-session=a; x=1; __Host-session=a', ['a']],
    ['the name within its own value', '__Host-session=__Host-session=abc', ['__Host-session=abc']],
    ['a line break stays in the value, for the token to be refused', '__Host-session=a\r\nb', ['a\r\nb']],
  ])('%s', (_, header, values) => {
    expect(scan(header)).toEqual({ values, overflow: false })
  })

  test('eight different values are candidates, a ninth is an overflow', () => {
    const of = (count: number) => Array.from({ length: count }, (_, index) => `${NAME}=${index}`).join('; ')
    expect(scan(of(8))).toEqual({ values: ['0', '1', '2', '3', '4', '5', '6', '7'], overflow: false })
    expect(scan(of(9))).toMatchObject({ overflow: true })
    expect(scan(`${of(8)}; ${of(8)}`)).toMatchObject({ overflow: false })
  })

  test('cookies stuffed in front hide nothing: a header beyond 16 kB is ambiguous as a whole', () => {
    const planted = `${NAME}=planted; `
    const stuffed = (length: number) =>
      `${planted}${'x'.repeat(length - planted.length - NAME.length - 7)}; ${NAME}=real`
    expect(stuffed(16_384).length).toBe(16_384)
    expect(scan(stuffed(16_384))).toEqual({ values: ['planted', 'real'], overflow: false })
    expect(scan(stuffed(16_385))).toEqual({ values: [], overflow: true })
    expect(scan('x'.repeat(16_385))).toEqual({ values: [], overflow: true })
  })
})

/** The header grammar, taken apart the slow and obvious way. */
function reference(header: string): readonly string[] {
  const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, '')
  const found = header.split(';').flatMap((pair) => {
    const at = pair.indexOf('=')
    const isOurs = at !== -1 && pair.slice(0, at).replace(/^[ \t]+/, '') === NAME
    const value = trim(pair.slice(at + 1))
    return isOurs && value !== '' ? [value] : []
  })
  return [...new Set(found)]
}

const octet = fc.constantFrom(
  ...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).filter(
    (char) => !'",;\\'.includes(char),
  ),
)
const value = fc.string({ unit: octet, maxLength: 60 })
const otherName = fc.string({ unit: fc.constantFrom(...'abcXYZ_-0.'), minLength: 1, maxLength: 12 })
const other = fc.tuple(otherName, value).map(([name, text]) => `${name}=${text}`)
/** Bits of our own name, of what separates cookies, and anything else. */
const noise = fc
  .array(
    fc.oneof(
      fc.constantFrom(NAME, `${NAME}=`, '__Host-', 'session', '=', ';', '; ', ' ', '\t', '"', ',', '\0', 'é'),
      fc.string({ unit: 'binary' }),
      value,
    ),
  )
  .map((pieces) => pieces.join(''))

describe('scanning a Cookie header, whatever it is', () => {
  test('agrees with the slow reading', () => {
    fc.assert(
      fc.property(noise, (header) => {
        const { values, overflow } = scan(header)
        const expected = reference(header)
        expect(values).toEqual(expected.slice(0, 8))
        expect(overflow).toBe(expected.length > 8)
      }),
      { numRuns: 2000 },
    )
  })

  test('agrees with the slow reading on headers that browsers send', () => {
    const ours = fc.constantFrom('one', 'two', 'three').map((text) => `${NAME}=${text}`)
    fc.assert(
      fc.property(fc.array(fc.oneof(other, ours), { maxLength: 12 }), (pairs) => {
        expect(scan(pairs.join('; ')).values).toEqual(reference(pairs.join('; ')))
      }),
    )
  })

  test('finds every token, wherever it is among other cookies', () => {
    const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(
        fc.uniqueArray(token, { minLength: 1, maxLength: 8 }),
        fc.array(fc.array(other, { maxLength: 5 }), { minLength: 9, maxLength: 9 }),
        (tokens, between) => {
          const header = between
            .flatMap((others, index) => (index < tokens.length ? [...others, `${NAME}=${tokens[index]}`] : others))
            .join('; ')
          expect(scan(header)).toEqual({ values: tokens, overflow: false })
        },
      ),
    )
  })
})
