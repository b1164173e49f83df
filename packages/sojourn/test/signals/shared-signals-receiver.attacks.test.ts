import {
  type SharedSignalsReceiverOptions,
  type SignalReport,
  sharedSignalsReceiver,
} from 'sojourn/signals/shared-signals'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createWorld, SECOND } from '../core/kit.ts'
import { breakingBody, CAEP, createKey, jsonOf, type Key, listen, signJwt } from './signals-kit.ts'

const ISSUER = 'https://idp.example'
const AUDIENCE = 'https://shop.example'
const key = createKey('k1')
const second = createKey('k2')

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

function setup(options: Partial<SharedSignalsReceiverOptions> = {}) {
  const world = createWorld()
  const reports: SignalReport[] = []
  const receiver = sharedSignalsReceiver(world.sessions, {
    transmitters: [{ issuer: ISSUER, audience: AUDIENCE, keys: { keys: [key.jwk, second.jwk] } }],
    userOf: ({ sub }) => String(sub),
    insecureHttp: true,
    timing: { wall: world.clock, uptime: world.clock },
    onSignal: (report) => void reports.push(report),
    ...options,
  })
  let count = 0
  const revoked = (sub = 'ada', more: object = {}) => ({
    iss: ISSUER,
    aud: AUDIENCE,
    iat: Math.floor(world.clock() / SECOND),
    jti: `jti-${++count}`,
    sub_id: { format: 'opaque', sub },
    events: { [`${CAEP}session-revoked`]: {} },
    ...more,
  })
  const push = (body: BodyInit) =>
    receiver.push(
      new Request('https://shop.example/signals', {
        method: 'POST',
        headers: { 'content-type': 'application/secevent+jwt' },
        body,
        duplex: 'half',
      } as RequestInit),
    )
  const login = (userId: string) => world.client().send((session) => session.login(userId))
  return { ...world, receiver, reports, revoked, push, login }
}

describe('a transmitter whose key was stolen', () => {
  it('sends a flood in parallel, and no more sessions end than in a flood one after the other', async () => {
    const { push, revoked, login, sessions, reports } = setup({ maxPerMinute: 3 })
    const users = Array.from({ length: 12 }, (_, index) => `user-${index}`)
    for (const user of users) await login(user)
    const answers = await Promise.all(users.map((user) => push(signJwt(key, revoked(user)))))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(9)
    expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('60')
    expect(await sessions.count()).toBe(9)
    expect(reports.filter(({ outcome }) => outcome === 'limited')).toHaveLength(9)
  })

  it('sends what was refused by the limit again after a minute, and it counts', async () => {
    const { push, revoked, login, sessions, clock } = setup({ maxPerMinute: 1 })
    await login('ada')
    await login('bob')
    const tokens = ['ada', 'bob'].map((user) => signJwt(key, revoked(user)))
    await Promise.all(tokens.map((token) => push(token)))
    clock.advance(60 * SECOND)
    for (const token of tokens) expect((await push(token)).status).toBe(202)
    expect(await sessions.count()).toBe(0)
  })
})

describe('a token that does not name its key', () => {
  const kid = undefined

  it.each([
    ['the first', key],
    ['the second', second],
  ])('counts if %s of two keys of the issuer made it', async (_, signer) => {
    const { push, revoked } = setup()
    expect((await push(signJwt(signer, revoked(), { kid }))).status).toBe(202)
  })

  it('is refused if another key made it', async () => {
    const { push, revoked } = setup()
    const response = await push(signJwt(createKey('k3'), revoked(), { kid }))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ err: 'invalid_key' })
  })
})

/** A transmitter that publishes keys, and may move them. */
async function startTransmitter() {
  const state = { at: '/jwks', keys: [key.jwk] as object[], isDown: false, asked: [] as string[] }
  const server = await listen((request, response) => {
    state.asked.push(request.url ?? '')
    if (state.isDown) return response.writeHead(500).end()
    const isMetadata = request.url?.startsWith('/.well-known')
    const body = isMetadata ? { issuer: server.url, jwks_uri: `${server.url}${state.at}` } : { keys: state.keys }
    response.writeHead(isMetadata || request.url === state.at ? 200 : 404).end(JSON.stringify(body))
  })
  cleanups.push(server.close)
  const world = setup({ transmitters: [{ issuer: server.url, audience: AUDIENCE }] })
  const pushBy = (signer: Key) => world.push(signJwt(signer, world.revoked('ada', { iss: server.url })))
  return { ...world, state, pushBy, wait: world.clock.advance }
}

describe('a transmitter that changes its keys', () => {
  it('signs with a new one moments after its keys were read: 503, not a final 400, and 202 when it sends again', async () => {
    const { state, pushBy, wait, reports } = await startTransmitter()
    expect((await pushBy(key)).status).toBe(202)
    state.keys = [key.jwk, second.jwk]
    expect((await pushBy(second)).status).toBe(503)
    expect(reports.at(-1)).toMatchObject({ outcome: 'refused', reason: 'invalid_key' })
    wait(5001)
    expect((await pushBy(second)).status).toBe(202)
  })

  it.each([
    ['without a name', undefined],
    ['with the name of the one before', 'k1'],
  ])('replaces its one key %s: 503, not a final 400, and 202 when it sends again', async (_, kid) => {
    const { state, pushBy, wait } = await startTransmitter()
    const named = (one: Key): Key => ({ ...one, jwk: { ...one.jwk, kid } })
    state.keys = [named(key).jwk]
    expect((await pushBy(named(key))).status).toBe(202)
    state.keys = [named(second).jwk]
    expect((await pushBy(named(second))).status).toBe(503)
    wait(5001)
    expect((await pushBy(named(second))).status).toBe(202)
    wait(5001)
    expect((await pushBy(named(key))).status).toBe(400)
    expect(state.asked).toHaveLength(6)
  })

  it('has one that nobody can forge: a flood with its name causes one request in five seconds', async () => {
    const { state, pushBy, wait } = await startTransmitter()
    expect((await pushBy(key)).status).toBe(202)
    wait(5001)
    const forger = createKey('k1')
    for (let count = 0; count < 20; count++) expect([400, 503]).toContain((await pushBy(forger)).status)
    expect((await pushBy(key)).status).toBe(202)
    expect(state.asked).toHaveLength(4)
  })

  it('refuses a key that nobody published for good once the keys were read again', async () => {
    const { state, pushBy, wait } = await startTransmitter()
    expect((await pushBy(key)).status).toBe(202)
    wait(5001)
    expect((await pushBy(createKey('forged'))).status).toBe(400)
    expect((await pushBy(createKey('forged'))).status).toBe(503)
    expect(state.asked).toHaveLength(4)
  })

  it('moves them to another address, where they are found with the first event', async () => {
    const { state, pushBy, wait } = await startTransmitter()
    expect((await pushBy(key)).status).toBe(202)
    wait(5001)
    state.at = '/moved'
    state.keys = [second.jwk]
    expect((await pushBy(second)).status).toBe(202)
    wait(5001)
    expect((await pushBy(key)).status).toBe(400)
  })

  it('moves them and leaves the old keys in place: the new ones count at once, and old ones no longer', async () => {
    const { state, pushBy, wait } = await startTransmitter()
    expect((await pushBy(key)).status).toBe(202)
    wait(3_600_001)
    state.at = '/moved'
    state.keys = [second.jwk]
    expect((await pushBy(second)).status).toBe(202)
    wait(5001)
    expect((await pushBy(key)).status).toBe(400)
  })

  it('is down for hours, and events signed with the known keys count', async () => {
    const { state, pushBy, wait } = await startTransmitter()
    expect((await pushBy(key)).status).toBe(202)
    state.isDown = true
    wait(300_000)
    expect((await pushBy(key)).status).toBe(202)
    expect((await pushBy(second)).status).toBe(503)
  })
})

it.each([1, 1000])(
  'an event_timestamp that is far ahead (times %d) ends no session that began after the event',
  async (unit) => {
    const { push, revoked, login, sessions, clock } = setup()
    await login('ada')
    const at = clock() / SECOND
    const event_timestamp = unit === 1 ? at + 86_400 : at * unit
    const late = signJwt(key, revoked('ada', { events: { [`${CAEP}session-revoked`]: { event_timestamp } } }))
    clock.advance(600 * SECOND)
    await login('ada')
    expect((await push(late)).status).toBe(202)
    expect(await sessions.count()).toBe(1)
  },
)

it('an event from a clock that is ahead cannot be replayed after its month, when it is still young enough', async () => {
  const { push, revoked, reports, clock } = setup({ maxAge: '30d' })
  const token = signJwt(key, revoked('ada', { iat: Math.floor(clock() / SECOND) + 240 }))
  expect((await push(token)).status).toBe(202)
  clock.advance(30 * 86_400 * SECOND + 60 * SECOND)
  expect((await push(token)).status).toBe(202)
  expect(reports.map(({ outcome }) => outcome)).toEqual(['ended', 'repeated'])
})

it('userOf that returns a number is reported as a failure, because ignoring it would keep sessions alive', async () => {
  const { push, revoked, reports } = setup({ userOf: () => 7 as never })
  expect((await push(signJwt(key, revoked()))).status).toBe(503)
  expect(reports).toMatchObject([{ outcome: 'failed' }])
})

it('a body that breaks off is answered 503, so that the transmitter sends the event again', async () => {
  const { push, reports } = setup()
  expect((await push(breakingBody())).status).toBe(503)
  expect(reports).toEqual([])
})

/** A transmitter that answers a poll with whatever the test wants. */
async function startPolled(signer: Key, answer: (polls: number) => unknown) {
  const polls: Record<string, unknown>[] = []
  const server = await listen(async (request, response) => {
    const json = (value: unknown) => response.writeHead(200).end(JSON.stringify(value))
    if (request.url === '/jwks') return json({ keys: [signer.jwk] })
    polls.push(await jsonOf(request))
    response.writeHead(200).end(answer(polls.length))
  })
  cleanups.push(server.close)
  return { url: server.url, polls }
}

describe('a transmitter that is polled', () => {
  const pollingOf = async (
    answer: (polls: number, issuer: string, token: (more?: object) => string) => unknown,
    more: Partial<SharedSignalsReceiverOptions> = {},
    onError?: (error: unknown) => void,
  ) => {
    let token = (_?: object): string => ''
    const other = await startPolled(key, (polls) => answer(polls, other.url, token))
    const transmitters = [{ issuer: other.url, audience: AUDIENCE, jwksUri: `${other.url}/jwks` }]
    const world = setup({ transmitters, timing: {}, ...more })
    token = (claims = {}) => {
      const iat = Math.floor(Date.now() / SECOND)
      return signJwt(key, world.revoked('ada', { iss: other.url, iat, ...claims }))
    }
    const polling = world.receiver.poll(other.url, {
      endpoint: `${other.url}/poll`,
      ...(onError !== undefined && { onError }),
    })
    cleanups.push(polling.close)
    return { ...world, polling, ...other }
  }

  it('sends sets with prototype names, and is told that they are wrong', async () => {
    const { polls, polling } = await pollingOf((count) =>
      count === 1 ? '{"sets":{"__proto__":"x","constructor":"y"}}' : '{"sets":{}}',
    )
    await vi.waitFor(() => expect(polls.length).toBeGreaterThan(1), { timeout: 5000 })
    await polling.close()
    expect(Object.keys(polls[1]?.setErrs as object).sort()).toEqual(['__proto__', 'constructor'])
  })

  it('sends sets that are no texts, and is told that they are wrong, and honest ones beside them count', async () => {
    const errors: unknown[] = []
    const { polls, polling } = await pollingOf(
      (count, _, token) =>
        count === 1
          ? `{"sets":{"a":{"toString":1},"b":["x"],"c":null,"d":7,"good":"${token({ jti: 'good' })}"}}`
          : '{"sets":{}}',
      {},
      (error) => errors.push(error),
    )
    await vi.waitFor(() => expect(polls.length).toBeGreaterThan(1), { timeout: 5000 })
    await polling.close()
    expect(Object.keys(polls[1]?.setErrs as object).sort()).toEqual(['a', 'b', 'c', 'd'])
    expect(polls[1]?.ack).toEqual(['good'])
    expect(errors).toEqual([])
  })

  it.each<[string, (token: (more?: object) => string, polls: number) => string]>([
    ['the same sets again and again', (token) => `{"good":"${token({ jti: 'good' })}"}`],
    ['new sets that are all wrong', (_, polls) => `{"bad-${polls}":"x"}`],
  ])('sends %s at once, and is not asked without a pause', async (_, sets) => {
    const { polls, polling } = await pollingOf((count, __, token) => `{"sets":${sets(token, count)}}`)
    await vi.waitFor(() => expect(polls.length).toBeGreaterThan(1), { timeout: 5000 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(polls.length).toBeLessThan(5)
    await polling.close()
  })

  it('is asked at once for more if it had something new', async () => {
    const { polls, polling } = await pollingOf((count, _, token) =>
      count < 10 ? `{"sets":{"good-${count}":"${token({ jti: `good-${count}` })}"}}` : '{"sets":{}}',
    )
    const startedAt = performance.now()
    await vi.waitFor(() => expect(polls.length).toBeGreaterThan(9), { timeout: 5000 })
    expect(performance.now() - startedAt).toBeLessThan(2000)
    await polling.close()
  })
})
