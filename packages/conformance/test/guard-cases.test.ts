import { type GuardContext, guardCases, runCases, toTable } from '@sojourn/conformance'
import { crossOriginGuard, type Guard } from 'sojourn'
import { type FormTokensGuard, formTokens } from 'sojourn/guards/form-tokens'
import { describe, expect, test } from 'vitest'

/** A guard as an outside author might write one: it remembers the network, and asks for proof after a change. */
function networkGuard(): Guard {
  return {
    name: 'network',
    opened({ view, note, userId }) {
      if (userId === null || view.peer === note) return null
      const report = { finding: 'new-network', score: 0.5, message: 'The session moved to another network.' }
      return note === null ? { note: view.peer } : { note: view.peer, distrust: true, report }
    },
    leaving: (_, did) => (did === 'login' ? [{ name: 'x-network', value: 'remembered', how: 'replace' }] : []),
  }
}

function contextOf(guard: Partial<Record<keyof Guard, unknown>>): GuardContext {
  return { createGuard: () => ({ ...networkGuard(), ...guard }) as Guard }
}

async function failures(context: GuardContext): Promise<readonly string[]> {
  const results = await runCases(guardCases, context)
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name)
}

test.each<[string, GuardContext]>([
  ['a guard with a note', contextOf({})],
  ['the cross-origin guard', { createGuard: () => crossOriginGuard({ insecureExemptPaths: ['/webhooks/*'] }) }],
  ['the cross-origin guard that requires an origin', { createGuard: () => crossOriginGuard({ requireOrigin: true }) }],
  [
    'the form tokens, in a header',
    {
      createGuard: formTokens,
      readPage: (session, guard) => ({ 'x-csrf-token': (guard as FormTokensGuard).token(session) }),
    },
  ],
  [
    'a guard that demands a header of honest clients',
    {
      createGuard: () => ({
        name: 'header',
        check: ({ view }) =>
          view.header('x-app') === '1' ? null : { status: 403, reason: 'no-app', message: 'Send x-app.' },
      }),
      toHonest: (view) => ({ ...view, header: (name) => (name === 'x-app' ? '1' : view.header(name)) }),
    },
  ],
])('%s holds', async (_, context) => {
  const results = await runCases(guardCases, context)
  expect(
    results.filter(({ status }) => status !== 'passed'),
    toTable(results),
  ).toEqual([])
})

type Sighted = Parameters<NonNullable<Guard['opened']>>[0]

describe('a guard that is broken in one way fails', () => {
  const says = 'a guard declares its name, and has at least one moment'
  const passes = 'an honest user is never refused: reads, a login, writes, a new proof, a logout'
  const hostile = 'hostile requests never make it throw'
  const answers = 'it answers every request to its endpoints'
  const tells = 'none of its headers, notes, events and answers contains a token'

  test.each<[broken: string, guard: Partial<Record<keyof Guard, unknown>>, fails: string]>([
    ['needs what no store lacks', { needs: ['speed'] }, says],
    ['has a name of two words', { name: 'My Guard' }, says],
    ['has no moment', { opened: undefined, leaving: undefined }, says],
    ['does not know what to do when it is down', { whenDown: 'perhaps' }, says],
    ['leaves its endpoint to a handler', { endpoints: ['/network/check'] }, answers],
    [
      'answers some methods of its endpoint only',
      {
        endpoints: ['/network/check'],
        opened: ({ view }: Sighted) =>
          view.method === 'POST' && view.url === '/network/check'
            ? { answer: { status: 200, reason: 'checked', message: 'Checked.' } }
            : null,
      },
      answers,
    ],
    ['has an endpoint that is no plain path', { endpoints: ['//network'] }, answers],
    ['denies every POST', { check: ({ view }: Sighted) => (view.method === 'POST' ? NO : null) }, passes],
    [
      'ends the session of whoever writes',
      { opened: ({ view }: Sighted) => (view.method === 'POST' ? { end: 'x' } : null) },
      passes,
    ],
    ['refuses every login', { login: () => ({ refuse: 'No.' }) }, passes],
    ['fails at a login', { login: () => Promise.reject(new Error('down')) }, passes],
    [
      'throws on percent signs',
      { check: ({ view }: Sighted) => (decodeURIComponent(view.header('referer') ?? '') === '!' ? NO : null) },
      hostile,
    ],
    [
      'answers with no status',
      { check: ({ view }: Sighted) => (view.method === 'TRACE' ? { ...NO, status: 0 } : null) },
      hostile,
    ],
    [
      'answers with no message',
      { check: ({ view }: Sighted) => (view.method === 'TRACE' ? { ...NO, message: '' } : null) },
      hostile,
    ],
    [
      'repeats a header in its answer',
      {
        check: ({ view }: Sighted) =>
          view.method === 'TRACE' || view.header('origin') === '\r\nevil: 1'
            ? { ...NO, headers: { 'x-origin': view.header('origin') ?? '' } }
            : null,
      },
      hostile,
    ],
    [
      'repeats a header when the response leaves',
      { leaving: ({ view }: Sighted) => [{ name: 'x-agent', value: view.header('user-agent') ?? '', how: 'replace' }] },
      hostile,
    ],
    [
      'throws when the response leaves',
      {
        leaving() {
          throw new Error('a bug')
        },
      },
      passes,
    ],
    [
      'takes its time over a megabyte',
      { check: ({ view }: Sighted) => dawdle(view.header('referer')) },
      'a header of a megabyte',
    ],
    [
      'writes on the request',
      { opened: ({ view }: Sighted) => Object.assign(view, { peer: 'x' }) && null },
      'it changes nothing',
    ],
    ['keeps the cookie in its note', { opened: ({ view }: Sighted) => ({ note: view.header('cookie') }) }, tells],
    [
      'sends the cookie back',
      { leaving: ({ view }: Sighted) => [{ name: 'x-cookie', value: view.header('cookie') ?? '', how: 'replace' }] },
      tells,
    ],
    [
      'reports the cookie',
      { opened: ({ view }: Sighted) => ({ report: { finding: 'cookie', message: view.header('cookie') ?? '' } }) },
      tells,
    ],
  ])('when it %s', async (_, guard, fails) => {
    expect((await failures(contextOf(guard))).filter((name) => name.startsWith(fails))).toHaveLength(1)
  })

  test('when it demands what no page of an honest client contains', async () => {
    expect(await failures({ createGuard: formTokens })).toContain(passes)
  })
})

const NO = { status: 403, reason: 'no', message: 'No.' }

function dawdle(text: string | null): null {
  const until = performance.now() + ((text?.length ?? 0) > 500_000 ? 1001 : 0)
  while (performance.now() < until);
  return null
}
