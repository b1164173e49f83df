import { type CarrierContext, carrierCases, runCases, toTable } from '@sojourn/conformance'
import type { Candidates, Carrier, HeaderChange, RequestView } from 'sojourn'
import { describe, expect, test } from 'vitest'

/** A carrier by a header of its own, as an outside author might write one. */
function headerCarrier(): Carrier {
  const change = (value: string): readonly HeaderChange[] => [{ name: 'x-token', value, how: 'append' }]
  return {
    name: 'header',
    ambient: false,
    vary: 'X-Token',
    read(view) {
      const text = view.header('x-token') ?? ''
      if (text.length > 10_000) return { values: [], overflow: true }
      const values = [...new Set(text.split(',').filter((part) => part !== ''))]
      return { values: values.slice(0, 8), overflow: values.length > 8 }
    },
    write(_, token) {
      if (!/^[\w-]+$/.test(token)) throw new Error('not a token')
      return change(token)
    },
    clear: () => change('-none'),
  }
}

function contextOf(broken: Partial<Carrier> | ((warn: (message: string) => void) => Partial<Carrier>)): CarrierContext {
  const request = (text: string | null): RequestView => ({
    method: 'GET',
    url: '/',
    secure: true,
    peer: null,
    header: (name) => (name === 'x-token' ? text : name === 'host' ? 'shop.example' : null),
  })
  return {
    createCarrier: ({ warn }) => ({ ...headerCarrier(), ...(typeof broken === 'function' ? broken(warn) : broken) }),
    createClient() {
      let held: string | null = null
      return {
        request: () => request(held),
        receive(changes) {
          for (const { value } of changes) held = value === '-none' ? null : value
        },
      }
    },
    presenting: (texts) => request(texts.join(',')),
  }
}

async function failures(context: CarrierContext): Promise<readonly string[]> {
  const results = await runCases(carrierCases, context)
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name)
}

test('a carrier by a header of its own holds', async () => {
  const results = await runCases(carrierCases, contextOf({}))
  expect(
    results.filter(({ status }) => status !== 'passed'),
    toTable(results),
  ).toEqual([])
})

test('a carrier declares that it carries one token at a time', async () => {
  const { createCarrier, createClient } = contextOf({})
  const results = await runCases(carrierCases, {
    createCarrier,
    createClient,
    without: { presenting: 'one header, one token' },
  })
  expect(
    results.filter(({ status }) => status === 'failed'),
    toTable(results),
  ).toEqual([])
  expect(results.filter(({ status }) => status === 'not run')).toHaveLength(4)
})

describe('a carrier that is broken in one way fails', () => {
  const good = headerCarrier()
  const found = (values: readonly string[], overflow = false): Candidates => ({ values, overflow })
  let calls = 0

  test.each<[broken: string, carrier: Parameters<typeof contextOf>[0], fails: string]>([
    [
      'finds a token where there is none',
      { read: (view) => found(view.header('x-token') === null ? ['made-up'] : good.read(view).values) },
      'a client that received no token presents none',
    ],
    [
      'cuts long tokens',
      { write: (view, token, life) => good.write(view, token.slice(0, 60) as typeof token, life) },
      'a client presents the token that it received, and no other',
    ],
    [
      'forgets to look at the second request',
      { read: (view) => (calls++ % 2 === 0 ? good.read(view) : found([])) },
      'a client presents its token in every further request',
    ],
    [
      'leaves lasting tokens alone',
      { write: (view, token, life) => (life.maxAgeSeconds === null ? good.write(view, token, life) : []) },
      'a new token replaces the previous one, whatever the lifetimes of both',
    ],
    ['clears nothing', { clear: () => [] }, 'clear makes the client delete its token'],
    [
      'clears the token as a duplicate',
      { clearDuplicates: good.clear },
      'clearDuplicates keeps the token that write handed out',
    ],
    ['shares one token among all clients', shared, 'two clients do not affect each other'],
    [
      'reads the first alone',
      { read: (view) => found(good.read(view).values.slice(0, 1)) },
      'all of several tokens are found, in order: a planted one cannot hide the real one',
    ],
    [
      'reads backwards',
      { read: (view) => found([...good.read(view).values].reverse(), good.read(view).overflow) },
      'all of several tokens are found, in order: a planted one cannot hide the real one',
    ],
    [
      'counts copies',
      { read: (view) => found(split(view).slice(0, 8), split(view).length > 8) },
      'one token presented twice is one candidate',
    ],
    [
      'takes any number',
      { read: (view) => found([...new Set(split(view))]) },
      'too many tokens are cut off and reported: planted ones cannot push out the real one',
    ],
    [
      'cuts off without a word',
      { read: (view) => found(good.read(view).values) },
      'too many tokens are cut off and reported: planted ones cannot push out the real one',
    ],
    [
      'throws on percent signs',
      { read: (view) => found(good.read(view).values.map(decodeURIComponent)) },
      'any bytes in the headers are handled without an error',
    ],
    [
      'makes text of its own',
      { read: (view) => found(good.read(view).values.map((value) => `${value.trim().toLowerCase()}!`)) },
      'any bytes in the headers are handled without an error',
    ],
    [
      'takes its time over a megabyte',
      { read: (view) => also(dawdle(view.header('x-token') ?? ''), good.read(view)) },
      'a header of a megabyte is read in time proportional to its length',
    ],
    [
      'repeats the host',
      { clear: (view) => [{ name: 'x-token', value: `-none ${view.header('host')}`.slice(0, 5000), how: 'append' }] },
      'a hostile request injects nothing into the response headers, and does not make them grow',
    ],
    [
      'repeats the URL',
      {
        clearDuplicates: (view) => [
          { name: 'x-old', value: `Path=${view.url.replaceAll(/[^a-zA-Z=;]/g, '')}`.slice(0, 5000), how: 'append' },
        ],
      },
      'a hostile request injects nothing into the response headers, and does not make them grow',
    ],
    [
      'grows with the URL',
      { clearDuplicates: (view) => [{ name: 'x-old', value: 'x'.repeat(view.url.length + 1), how: 'append' }] },
      'a hostile request injects nothing into the response headers, and does not make them grow',
    ],
    [
      'writes whatever it is given',
      { write: (_, token) => [{ name: 'x-token', value: token, how: 'append' }] },
      'a token that could inject attributes or headers is not written',
    ],
    [
      'is never the same',
      {
        write: (_, token) => [
          { name: 'x-token', value: token, how: 'append' },
          { name: 'x-count', value: String(calls++), how: 'append' },
        ],
      },
      'the same request and token give the same headers',
    ],
    [
      'asks for Host',
      { clear: (view) => also(view.header('Host'), good.clear(view)) },
      'a carrier changes nothing in the request and asks for headers by lower-case names',
    ],
    [
      'writes on the request',
      { clear: (view) => also(Object.assign(view, { peer: 'x' }), good.clear(view)) },
      'a carrier changes nothing in the request',
    ],
    [
      'names the wrong header',
      { vary: 'Cookie' },
      'a carrier declares its name, whether it is ambient, and the headers that it reads',
    ],
    ['has no name', { name: '' }, 'a carrier declares its name, whether it is ambient, and the headers that it reads'],
    [
      'sends an empty header',
      { clear: () => [{ name: 'x-token', value: '', how: 'append' }] },
      'header changes are well formed',
    ],
    [
      'sends a name in capitals',
      { clearDuplicates: () => [{ name: 'X-Old', value: 'x', how: 'append' }] },
      'header changes are well formed',
    ],
    [
      'tells the token',
      (warn) => ({ write: (view, token, life) => also(warn(`lost ${token}`), good.write(view, token, life)) }),
      'no warning contains the token, and only the headers of write do',
    ],
    [
      'tells what the client said',
      (warn) => ({
        write: (view, token, life) => also(warn(`host ${view.header('host')}`), good.write(view, token, life)),
      }),
      'no warning contains the token, and only the headers of write do',
    ],
    [
      'repeats itself',
      (warn) => ({ write: (view, token, life) => also(warn('lost'), good.write(view, token, life)) }),
      'no warning contains the token, and only the headers of write do',
    ],
    [
      'sends the token back to clear it',
      { clear: (view) => [{ name: 'x-gone', value: view.header('x-token') ?? 'none', how: 'append' }] },
      'no warning contains the token, and only the headers of write do',
    ],
    [
      'gives way to another carrier',
      { read: (view) => (view.header('x-beside') === null ? good.read(view) : found([])) },
      'of two carriers, the one that no browser uses by itself is used for the whole request',
    ],
    [
      'gives way to another carrier at a logout',
      { read: (view) => (view.header('x-beside') === null ? good.read(view) : found([])) },
      'a logout ends what the client presents on both',
    ],
    [
      'judges tokens itself',
      { read: (view) => found(good.read(view).values.filter((value) => !value.startsWith('0123456789'))) },
      'a bad token on the carrier in use never falls back to the other carrier',
    ],
    [
      'claims requests without a token',
      { read: (view) => (view.header('x-token') === null ? found([], true) : good.read(view)) },
      'a request that presents nothing here is left to the other carrier',
    ],
    ['names no header', { vary: '' }, 'a response that depends on the session varies by the headers'],
    [
      'knows one token only',
      { read: (view) => found(good.read(view).values.slice(0, 1)) },
      'two live tokens open neither session',
    ],
  ])('when it %s', async (_, carrier, fails) => {
    calls = 0
    expect((await failures(contextOf(carrier))).filter((name) => name.startsWith(fails))).toHaveLength(1)
  })
})

function split(view: RequestView): readonly string[] {
  return (view.header('x-token') ?? '')
    .slice(0, 10_000)
    .split(',')
    .filter((part) => part !== '')
}

function dawdle(text: string): void {
  const until = performance.now() + (text.length > 500_000 ? 1001 : 0)
  while (performance.now() < until);
}

/** Does the one thing, and answers with the other. */
function also<T>(_: unknown, result: T): T {
  return result
}

function shared(): Partial<Carrier> {
  return { read: () => ({ values: last, overflow: false }), write: (_, token) => keep(token) }
}
let last: readonly string[] = []
function keep(token: string): readonly HeaderChange[] {
  last = [token]
  return []
}
