import type { Guard, HeaderChange, Ruling } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { createWorld, edit, headerOf, rejection, SECOND, type TestData } from './kit.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function worldOf(guard: Guard) {
  const world = createWorld<TestData>({ guards: [guard] })
  return { ...world, client: world.client() }
}

describe('leaving that returns other than a list of headers', () => {
  test.each<[string, () => unknown]>([
    ['a promise that rejects', () => Promise.reject(new Error('late'))],
    ['a promise of headers', async () => [{ name: 'x-a', value: '1', how: 'append' }]],
    ['a text', () => 'x-a: 1'],
    ['a header without a value', () => [{ name: 'x-a', how: 'append' }]],
    ['a header without a name', () => [{ value: '1', how: 'append' }]],
  ])('%s: a fault, and the response carries the token of the login', async (_, leaving) => {
    const { client, eventsOf } = worldOf({ name: 'odd', leaving: leaving as () => HeaderChange[] })
    const { headers } = await client.send((session) => session.login('ada'))
    await settle()
    expect(eventsOf('fault')).toMatchObject([{ operation: 'guard odd', error: { code: 'ERR_GUARD' } }])
    expect(headerOf(headers, 'x-a')).toBeNull()
    expect((await client.send(({ userId }) => userId)).value).toBe('ada')
  })

  test('a number is a value', async () => {
    const leaving = () => [{ name: 'x-a', value: 5, how: 'append' }] as unknown as HeaderChange[]
    const { client } = worldOf({ name: 'odd', leaving })
    expect(headerOf((await client.send(() => {})).headers, 'x-a')).toBe(5)
  })
})

describe('a ruling with members of the wrong type counts as a failure of the guard', () => {
  test.each<unknown>([
    { note: 5 },
    { note: { a: 1 } },
    { end: 5 },
    { end: ['logout'] },
    { withhold: 'yes' },
    { withhold: 1 },
    { distrust: 1 },
    { lock: true },
    { lock: 5 },
    [{ withhold: true }],
    'deny',
    true,
    1,
  ])('opened: %j', async (ruling) => {
    const opened = ({ userId }: { userId: string | null }) => (userId === null ? null : (ruling as unknown as Ruling))
    const { client, eventsOf, sessions } = worldOf({ name: 'odd', opened })
    await client.send((session) => session.login('ada'))
    expect(await rejection(() => client.open())).toMatchObject({ code: 'ERR_GUARD', status: 503 })
    expect(eventsOf('fault')).toMatchObject([{ operation: 'guard odd' }])
    expect(await sessions.list('ada')).toHaveLength(1)
  })

  test.each<unknown>([{ note: 5 }, { end: 'all' }, { end: {} }, { refuse: true }, { refuse: 5 }, ['no'], 'no', true])(
    'login: %j',
    async (ruling) => {
      const { client, eventsOf, sessions } = worldOf({ name: 'odd', login: () => ruling as never })
      const failed = client.send((session) => session.login('ada'))
      expect(await rejection(failed)).toMatchObject({ code: 'ERR_GUARD', status: 503 })
      expect(eventsOf('fault')).toMatchObject([{ operation: 'guard odd' }])
      expect(await sessions.list('ada')).toEqual([])
    },
  )

  test('nothing, as JavaScript writes it', async () => {
    const { client } = worldOf({
      name: 'odd',
      opened: () =>
        ({
          note: undefined,
          end: null,
          lock: null,
          withhold: null,
          distrust: false,
          report: null,
          answer: null,
        }) as never,
      login: () => ({ note: null, end: undefined, refuse: null, report: null }) as never,
    })
    await client.send((session) => session.login('ada'))
    expect((await client.send(({ userId }) => userId)).value).toBe('ada')
  })
})

describe('an answer that no server can send counts as a failure of the guard', () => {
  const answer = { status: 403, reason: 'odd', message: 'No.' }
  test.each<[string, object]>([
    ['a body that is an object', { ...answer, body: { a: 1 } }],
    ['a body of bytes', { ...answer, body: new Uint8Array([65]) }],
    ['a number', { ...answer, body: 5 }],
    ['no text at all', { status: 403, reason: 'odd' }],
    ['a length of its own', { ...answer, headers: { 'Content-Length': '99999' } }],
    ['an encoding of the connection', { ...answer, headers: { 'transfer-encoding': 'chunked' } }],
  ])('%s', async (_, wrong) => {
    for (const moment of ['check', 'opened']) {
      const given = moment === 'check' ? wrong : { answer: wrong }
      const { client, eventsOf } = worldOf({ name: 'odd', [moment]: () => given } as unknown as Guard)
      expect(await rejection(() => client.open())).toMatchObject({ code: 'ERR_GUARD', status: 503 })
      expect(eventsOf('fault')).toHaveLength(1)
    }
  })

  test('a body that is null leaves the message', async () => {
    const { client } = worldOf({ name: 'odd', check: () => ({ ...answer, body: null }) as never })
    expect((await client.open()).answer).toMatchObject({ status: 403, message: 'No.' })
  })
})

test('the endpoints of a guard that are no plain paths are named as such', () => {
  const guard: Guard = { name: 'odd', endpoints: ['odd'], opened: () => null }
  expect(() => worldOf(guard)).toThrow(/endpoints of a guard: write/)
})

test.each([false, '', 0])(
  'a condition that is not met, as JavaScript leaves it, decides nothing: %j',
  async (nothing) => {
    const { client } = worldOf({ name: 'odd', opened: () => nothing as never, login: () => nothing as never })
    await client.send((session) => session.login('ada'))
    expect((await client.send(({ userId }) => userId)).value).toBe('ada')
  },
)

describe('a proof that is given while a slow request distrusts the one before', () => {
  const network: Guard = {
    name: 'network',
    opened({ view, userId, note }) {
      if (userId === null || view.peer === note) return null
      return note === null ? { note: view.peer } : { note: view.peer, distrust: true }
    },
  }
  const elsewhere = { peer: '198.51.100.9' }

  async function slowRequest() {
    const { client, clock } = worldOf(network)
    await client.send((session) => session.login('ada', { methods: ['pwd'] }))
    await client.send(() => {})
    const slow = await client.open(elsewhere)
    clock.advance(SECOND)
    return { client, clock, slow }
  }
  const shown = ({ methods, authenticatedAt }: { methods: readonly string[]; authenticatedAt: Date | null }) => [
    methods,
    authenticatedAt !== null,
  ]

  test('counts, and the slow request still does not rely on it', async () => {
    const { client, slow } = await slowRequest()
    await client.send((session) => session.reauthenticated({ methods: ['otp'] }), elsewhere)
    edit({ a: 1 })(slow.session)
    await slow.session.save()
    expect(shown(slow.session)).toEqual([[], false])
    await slow.commit()
    expect((await client.send(shown, elsewhere)).value).toEqual([['otp'], true])
  })

  test('without one, the old proof does not count', async () => {
    const { client, slow } = await slowRequest()
    await client.send(edit({ b: 1 }))
    await slow.commit()
    expect((await client.send(shown, elsewhere)).value).toEqual([[], false])
  })
})
