import { type Carrier, cookieCarrier, type RequestView } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../core/kit.ts'
import {
  createBound,
  createKey,
  createScene,
  logIn,
  login,
  offerOf,
  post,
  REGISTER,
  refresh,
  register,
  visit,
} from './device-browser.ts'

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax'

describe('registration', () => {
  test('binds the session: the response has the cookie, the instructions and a challenge for the first refresh', async () => {
    const { registered, id, bound, findings } = await createBound()
    expect(registered.answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'set-cookie': expect.stringMatching(
          /^__Host-session-bound=[\w-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
        ),
        'secure-session-challenge': expect.stringMatching(/^"[\w-]{22}";id="[\w-]{22}"$/),
      },
    })
    expect(JSON.parse(registered.answer?.body ?? '')).toEqual({
      session_identifier: id,
      refresh_url: '/device-bound/refresh',
      scope: { include_site: false, scope_specification: [] },
      credentials: [{ type: 'cookie', name: '__Host-session-bound', attributes: ATTRIBUTES }],
      allowed_refresh_initiators: [],
    })
    expect(bound()).toMatch(/^__Host-session-bound=/)
    expect(findings()).toEqual(['device-bound'])
  })

  test('accepts an RSA key too', async () => {
    const { browser, key, id, challenge } = await createBound({ alg: 'RS256' })
    expect((await refresh(browser, id, key.sign({ jti: challenge }))).answer?.status).toBe(200)
  })

  test('without a proof is refused: Chromium would take a 200 for a session', async () => {
    const { browser } = createScene()
    await logIn(browser)
    const { answer } = await post(browser, REGISTER)
    expect(answer).toMatchObject({ status: 403, reason: 'device-registration-refused' })
    expect(answer?.headers).not.toHaveProperty('set-cookie')
  })

  test('that is sent again gets the same response, because the first one may have been lost', async () => {
    const { browser, proof, registered, clock } = await createBound()
    clock.advance(-2 * MINUTE + 10 * SECOND)
    const again = await register(browser, proof)
    expect(again.answer?.headers?.['set-cookie']?.split(';')[0]).toBe(
      registered.answer?.headers?.['set-cookie']?.split(';')[0],
    )
    expect(again.answer?.headers?.['set-cookie']).toContain('Max-Age=590')
    expect(again.answer?.body).toBe(registered.answer?.body)
    clock.advance(30 * SECOND)
    expect((await register(browser, proof)).answer?.status).toBe(403)
  })

  test('that arrives twice at the same moment binds the session once', async () => {
    const { browser } = createScene()
    const offer = offerOf((await logIn(browser)).headers)
    const key = createKey()
    const proof = key.sign({ jti: offer?.challenge, authorization: offer?.authorization }, { jwk: key.jwk })
    const both = await Promise.all([register(browser, proof), register(browser, proof)])
    const [first, second] = both.map(({ answer }) => [answer?.status, answer?.headers?.['set-cookie'], answer?.body])
    expect(first?.[0]).toBe(200)
    expect(second).toEqual(first)
  })

  test('a browser that sends requests before it has its first bound cookie is not refused', async () => {
    const { thief: slow, clock } = await createBound()
    clock.advance(-2 * MINUTE + 59 * SECOND)
    expect(await visit(slow())).toMatchObject({ userId: 'ada', answer: null })
  })

  test.each([
    ['over plain HTTP', { secure: false }],
    ['on a socket, where no header reaches the browser', { canSetHeaders: false }],
  ])('is not offered %s', async (_, more) => {
    const { sessions, browser } = createScene({
      world: { cookie: { insecureOverHttp: true, name: 'session' } as never },
    })
    await visit(browser, { method: 'POST' }, login)
    const view: RequestView = { method: 'GET', url: '/', secure: true, peer: null, header: () => null, ...more }
    const { session, commit } = await sessions.open(view)
    if (view.canSetHeaders !== false) await session.login('ada')
    expect(offerOf(await commit())).toBeNull()
  })
})

test.each<[string, Partial<Carrier>]>([
  ['by a carrier that is no cookie', { ambient: false }],
  [
    'by a carrier that holds the record: the client could present an old one',
    { records: { of: (_, shared) => shared } },
  ],
])('a binding is not offered to a login %s', async (_, more) => {
  const { browser } = createScene({ world: { carriers: [{ ...cookieCarrier(), ...more }] } })
  expect(offerOf((await logIn(browser)).headers)).toBeNull()
  expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
})

describe('a new proof of identity on an unbound session', () => {
  test('is followed by one new offer, in the next response', async () => {
    const { browser, clock } = createScene()
    await logIn(browser)
    clock.advance(10 * MINUTE)
    expect(offerOf((await visit(browser)).headers)).toBeNull()
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    const offer = offerOf((await visit(browser)).headers)
    expect(offerOf((await visit(browser)).headers)).toBeNull()
    const key = createKey()
    const proof = key.sign({ jti: offer?.challenge, authorization: offer?.authorization }, { jwk: key.jwk })
    expect((await register(browser, proof)).answer?.status).toBe(200)
  })

  test('is followed by one offer if two requests come at once: with two, the second registration would look like an attack', async () => {
    const { browser, clock, findings } = createScene()
    await logIn(browser)
    clock.advance(10 * MINUTE)
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    const both = await Promise.all([browser.open(), browser.open()])
    const offers = (await Promise.all(both.map(({ commit }) => commit())))
      .map(offerOf)
      .filter((offer) => offer !== null)
    expect(offers).toHaveLength(1)
    const key = createKey()
    const [{ challenge: jti, authorization } = {}] = offers
    expect((await register(browser, key.sign({ jti, authorization }, { jwk: key.jwk }))).answer?.status).toBe(200)
    expect(findings()).toEqual(['device-bound'])
  })

  test('is followed by an offer that no cache keeps, also if the handler allows that and uses no session', async () => {
    const { browser, clock } = createScene()
    await logIn(browser)
    clock.advance(10 * MINUTE)
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    const exchange = await browser.open({ url: '/logo.png' })
    const headers = await exchange.commit()
    expect(offerOf(headers)).not.toBeNull()
    expect(headers).toContainEqual({ name: 'cache-control', value: 'no-store', how: 'replace' })
    expect(headers).toContainEqual({ name: 'cdn-cache-control', value: '', how: 'replace' })
  })

  test('that is long ago offers nothing: the cookie may have been copied since', async () => {
    const { browser, clock } = createScene()
    await logIn(browser)
    clock.advance(MINUTE)
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    clock.advance(5 * MINUTE)
    expect(offerOf((await visit(browser)).headers)).toBeNull()
  })
})
