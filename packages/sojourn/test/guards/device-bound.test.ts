import { guardCases } from '@sojourn/conformance'
import type { RequestView } from 'sojourn'
import { type DeviceBoundOptions, deviceBound } from 'sojourn/guards/device-bound'
import { describe, expect, test } from 'vitest'
import { edit, headerOf, MINUTE, SECOND } from '../core/kit.ts'
import { testCases } from '../support/run-cases.ts'
import {
  COOKIE,
  challengeOf,
  createBound,
  createKey,
  createScene,
  logIn,
  login,
  offerOf,
  post,
  REFRESH,
  REGISTER,
  refresh,
  register,
  visit,
} from './device-browser.ts'

testCases('deviceBound', guardCases, { createGuard: () => deviceBound() })
testCases("deviceBound with policy 'prefer'", guardCases, { createGuard: () => deviceBound({ policy: 'prefer' }) })
testCases("deviceBound with policy 'require'", guardCases, { createGuard: () => deviceBound({ policy: 'require' }) })

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
    expect((await refresh(browser, id, await key.sign({ jti: challenge }))).answer?.status).toBe(200)
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
    const key = await createKey()
    const proof = await key.sign({ jti: offer?.challenge, authorization: offer?.authorization }, { jwk: key.jwk })
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

describe('a new proof of identity on an unbound session', () => {
  test('is followed by one new offer, in the next response', async () => {
    const { browser, clock } = createScene()
    await logIn(browser)
    clock.advance(10 * MINUTE)
    expect(offerOf((await visit(browser)).headers)).toBeNull()
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    const offer = offerOf((await visit(browser)).headers)
    expect(offerOf((await visit(browser)).headers)).toBeNull()
    const key = await createKey()
    const proof = await key.sign({ jti: offer?.challenge, authorization: offer?.authorization }, { jwk: key.jwk })
    expect((await register(browser, proof)).answer?.status).toBe(200)
  })

  test('that is long ago offers nothing: the cookie may have been copied since', async () => {
    const { browser, clock } = createScene()
    await logIn(browser)
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    clock.advance(5 * MINUTE)
    expect(offerOf((await visit(browser)).headers)).toBeNull()
  })
})

describe('refresh', () => {
  test('with the challenge that was sent ahead takes one request', async () => {
    const { browser, key, id, challenge, bound } = await createBound()
    const before = bound()
    const { answer } = await refresh(browser, id, await key.sign({ jti: challenge }))
    expect(answer).toMatchObject({ status: 200, headers: { 'set-cookie': expect.stringContaining('Max-Age=600') } })
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ session_identifier: id })
    expect(challengeOf(answer)).toMatchObject({ id, text: expect.not.stringMatching(challenge) })
    expect(bound()).not.toBe(before)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('without a proof gets a challenge, and succeeds with its proof', async () => {
    const { browser, key, id, clock } = await createBound()
    clock.advance(10 * MINUTE)
    const { answer } = await refresh(browser, id)
    expect(answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    const { text } = challengeOf(answer)
    expect((await refresh(browser, id, await key.sign({ jti: text }))).answer?.status).toBe(200)
  })

  test('keeps the session usable for hours, with one cookie after the other', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    let next = challenge
    for (let i = 0; i < 30; i++) {
      clock.advance(9 * MINUTE)
      const { answer } = await refresh(browser, id, await key.sign({ jti: next }))
      next = challengeOf(answer).text
      expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
    }
  })

  test('accepts headers in quotes, as the specification writes them', async () => {
    const { browser, key, id, challenge } = await createBound()
    const { answer } = await refresh(browser, `"${id}"`, `"${await key.sign({ jti: challenge })}"`)
    expect(answer?.status).toBe(200)
  })

  test('accepts an older challenge that was not used: two tabs race', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    clock.advance(8 * MINUTE)
    const newer = challengeOf((await refresh(browser, id)).answer).text
    expect(newer).not.toBe(challenge)
    expect((await refresh(browser, id, await key.sign({ jti: newer }))).answer?.status).toBe(200)
    const late = await refresh(browser, id, await key.sign({ jti: challenge }))
    expect(late.answer?.status).toBe(200)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('that is sent again gets the same cookie, and stores nothing', async () => {
    const { browser, key, id, challenge, clock, store, bound } = await createBound()
    const proof = await key.sign({ jti: challenge })
    await refresh(browser, id, proof)
    const cookie = bound()
    const writes = store.count('write')
    clock.advance(20 * SECOND)
    const again = await refresh(browser, id, proof)
    expect(again.answer?.headers?.['set-cookie']).toBe(`${cookie}; Max-Age=580; ${ATTRIBUTES}`)
    expect(store.count('write')).toBe(writes)
    clock.advance(10 * SECOND)
    const { answer } = await refresh(browser, id, proof)
    expect(answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    expect((await refresh(browser, id, await key.sign({ jti: challengeOf(answer).text }))).answer?.status).toBe(200)
  })

  test('twice at the same moment: with one proof one cookie, with two proofs two valid ones', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    const proof = await key.sign({ jti: challenge })
    const same = await Promise.all([refresh(browser, id, proof), refresh(browser, id, proof)])
    const [one, two] = same.map(({ answer }) => answer?.headers?.['set-cookie'])
    expect(one).toMatch(/^__Host-session-bound=/)
    expect(two).toBe(one)
    const early = challengeOf(same[0]?.answer ?? null).text
    clock.advance(8 * MINUTE)
    const newer = challengeOf((await refresh(browser, id)).answer).text
    const both = await Promise.all([
      refresh(browser, id, await key.sign({ jti: early })),
      refresh(browser, id, await key.sign({ jti: newer })),
    ])
    for (const { answer } of both) {
      browser.jar.set(`${COOKIE} Path=/`, answer?.headers?.['set-cookie']?.split(';')[0] ?? '')
      expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
    }
  })

  test('on another server, after a restart, needs nothing that was in memory', async () => {
    const { browser, key, id, challenge, node } = await createBound()
    const other = node({ guards: [deviceBound()] })
    const headers: Readonly<Record<string, string>> = {
      cookie: browser.cookie(),
      'sec-secure-session-id': id,
      'secure-session-response': await key.sign({ jti: challenge }),
    }
    const { answer } = await other.open({
      method: 'POST',
      url: REFRESH,
      secure: true,
      peer: null,
      header: (name) => headers[name] ?? null,
    })
    expect(answer?.status).toBe(200)
  })

  test('after the bound cookie was lost in a failover of the store asks for a proof, and repairs it', async () => {
    const { browser, key, id, challenge, store, sessions } = await createBound()
    const [info] = await sessions.list('ada')
    const before = structuredClone(await store.read(info?.id as never))
    await refresh(browser, id, await key.sign({ jti: challenge }))
    if (before?.kind !== 'live') throw new Error('There is no record.')
    await store.write(before.id, { set: before.data })
    // The browser has a cookie and a challenge that the store never saw.
    expect((await visit(browser)).answer).toMatchObject({ status: 307 })
    const { answer } = await refresh(browser, id, await key.sign({ jti: 'a'.repeat(22) }))
    expect(answer?.status).toBe(403)
    expect((await refresh(browser, id, await key.sign({ jti: challengeOf(answer).text }))).answer?.status).toBe(200)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })
})

describe('statuses: Chromium deletes a binding for most of them', () => {
  test('a live binding gets 200 or 403 with a challenge, whatever the browser sends', async () => {
    const { browser, id, key, challenge } = await createBound()
    const good = await key.sign({ jti: challenge })
    for (const proof of [
      '',
      'x',
      '..',
      '"',
      `${good}x`,
      good.slice(0, -2),
      'a'.repeat(5000),
      good.replace(/^\w/, 'f'),
    ]) {
      const { answer } = await refresh(browser, id, proof)
      expect(answer?.status).toBe(403)
      expect(challengeOf(answer).id).toBe(id)
    }
    // A proxy that drops the header must not end the binding.
    const { answer } = await post(browser, REFRESH)
    expect(challengeOf(answer).id).toBe(id)
    expect((await refresh(browser, id, good)).answer?.status).toBe(200)
  })

  test('a session that has ended is answered with continue: false, and the cookie is deleted', async () => {
    const { browser, id, sessions, bound } = await createBound()
    await sessions.revokeAll('ada')
    const { answer } = await refresh(browser, id)
    expect(answer).toMatchObject({ status: 200, reason: 'device-unbound' })
    expect(JSON.parse(answer?.body ?? '')).toEqual({ session_identifier: id, continue: false })
    expect(bound()).toBeUndefined()
  })

  test('a session that has expired is answered in the same way', async () => {
    const { browser, id, clock } = await createBound()
    clock.advance(31 * MINUTE)
    expect(JSON.parse((await refresh(browser, id)).answer?.body ?? '')).toMatchObject({ continue: false })
  })

  test.each([
    ['an unknown binding', 'A'.repeat(22), true],
    ['a browser without a session', null, false],
  ])('%s gets 401', async (_, other, hasSession) => {
    const { browser, client, id } = await createBound()
    const { answer } = await refresh(hasSession ? browser : client(), other ?? id)
    expect(answer).toMatchObject({ status: 401, reason: 'device-unbound' })
  })

  test('a request in flight while the token is replaced gets 503, and so does one that lacks the cookie because another site caused it', async () => {
    const { browser, id, client } = await createBound()
    const old = client()
    for (const [name, pair] of browser.jar) old.jar.set(name, pair)
    await visit(browser, { method: 'POST' }, (session) => session.rotate())
    expect((await refresh(old, id)).answer?.status).toBe(503)
    const { answer } = await post(client(), REFRESH, { 'sec-secure-session-id': id, 'sec-fetch-site': 'cross-site' })
    expect(answer?.status).toBe(503)
  })

  test('while the store is down, the request fails with 503', async () => {
    const { browser, id, store } = await createBound()
    store.fail('read')
    await expect(refresh(browser, id)).rejects.toMatchObject({ status: 503 })
  })

  test('if the store fails after the proof was checked, the browser gets no cookie, and its proof is still good', async () => {
    const { browser, id, key, challenge, store } = await createBound()
    const proof = await key.sign({ jti: challenge })
    store.fail('write')
    await expect(refresh(browser, id, proof)).rejects.toMatchObject({ status: 503 })
    expect((await refresh(browser, id, proof)).answer?.status).toBe(200)
  })

  test('other methods get 405', async () => {
    const { browser } = await createBound()
    for (const url of [REGISTER, REFRESH]) {
      expect((await visit(browser, { url })).answer).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    }
  })
})

describe('an honest browser without its bound cookie', () => {
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

  test('that comes from another site gets a page that loads the address again: only then can it renew the cookie', async () => {
    const { thief: browser } = await createBound()
    for (const site of ['cross-site', 'same-site']) {
      const { answer } = await visit(browser(), { url: '/cart', headers: { ...navigation, 'sec-fetch-site': site } })
      expect(answer).toMatchObject({ status: 403, headers: { 'content-type': 'text/html; charset=utf-8' } })
      expect(answer?.body).toContain('<meta http-equiv="refresh" content="0">')
    }
    const headers = { ...navigation, 'sec-fetch-site': 'same-origin' }
    expect(await visit(browser(), { url: '/cart', headers })).toMatchObject({ answer: null, refused: 'withheld' })
  })

  test('that had no leave to renew it gets 503, and keeps its session', async () => {
    const { thief: browser, id, findings, eventsOf } = await createBound()
    for (const reason of ['unreachable', 'server_error', 'quota_exceeded']) {
      const header = `quota_exceeded;session_identifier="other", ${reason};session_identifier="${id}"`
      const { answer } = await visit(browser(), { headers: { 'secure-session-skipped': header } })
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    }
    expect(findings().slice(1)).toEqual(Array(3).fill('device-proof-skipped'))
    expect(eventsOf('finding').at(-1)).toMatchObject({ message: expect.stringContaining('quota_exceeded') })
    for (const header of [
      'server_error;session_identifier="other"',
      'evil',
      `evil;session_identifier="${id}"`,
      ',;"',
    ]) {
      expect((await visit(browser(), { headers: { 'secure-session-skipped': header } })).refused).toBe('withheld')
    }
  })

  test('that fetches a page ahead gets 503, and is not made anonymous', async () => {
    const { thief: browser } = await createBound()
    const { answer } = await visit(browser(), { headers: { 'sec-purpose': 'prefetch;prerender' } })
    expect(answer?.status).toBe(503)
  })

  test('that lost its key logs in again, and binds the new session', async () => {
    const { thief, sessions } = await createBound()
    const browser = thief()
    // A login with an identity provider needs data before the login.
    await visit(browser, { url: '/login' }, edit({ state: 'xyz' }))
    await visit(browser, {}, (session) => expect(session.data.state).toBe('xyz'))
    expect(offerOf((await logIn(browser)).headers)).not.toBeNull()
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
    expect(await sessions.list('ada')).toHaveLength(2)
  })

  test('that logs in again at once leaves no session behind', async () => {
    const { thief, sessions } = await createBound()
    const browser = thief()
    await logIn(browser)
    expect(await sessions.list('ada')).toHaveLength(1)
  })

  test('that gets its cookie a moment later goes on with the same session', async () => {
    const { thief, key, id, challenge } = await createBound()
    const browser = thief()
    expect(await visit(browser)).toMatchObject({ refused: 'withheld' })
    await refresh(browser, id, await key.sign({ jti: challenge }))
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('with insecureOnlyDistrust proves its identity again, and is bound anew', async () => {
    const { thief, clock } = await createBound({ insecureOnlyDistrust: true })
    const browser = thief()
    expect(await visit(browser)).toMatchObject({ userId: 'ada', isFresh: false })
    clock.advance(MINUTE)
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    const reply = await visit(browser)
    expect(reply).toMatchObject({ userId: 'ada', isFresh: true })
    expect(offerOf(reply.headers)).not.toBeNull()
  })

  test('with insecureOnlyDistrust, a refresh alone does not bring the trust back, but a proof of identity does', async () => {
    const { thief, key, id, challenge, clock } = await createBound({ insecureOnlyDistrust: true })
    const browser = thief()
    await visit(browser)
    await refresh(browser, id, await key.sign({ jti: challenge }))
    expect(await visit(browser)).toMatchObject({ userId: 'ada', isFresh: false })
    clock.advance(MINUTE)
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    const reply = await visit(browser)
    expect([reply.isFresh, offerOf(reply.headers)]).toEqual([true, null])
  })
})

describe('clocks that differ', () => {
  test('a browser that drops the cookie a minute late is served', async () => {
    const { browser, clock } = await createBound()
    clock.advance(8 * MINUTE + 59 * SECOND)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('a browser that keeps an expired cookie, because its clock went back, is made to renew it', async () => {
    const { browser, key, id, clock, bound } = await createBound()
    clock.advance(15 * MINUTE)
    const { answer } = await visit(browser, { method: 'POST', url: '/order' })
    expect(answer).toMatchObject({ status: 307, headers: { location: '/order' } })
    expect(bound()).toBeUndefined()
    const { text } = challengeOf((await refresh(browser, id)).answer)
    await refresh(browser, id, await key.sign({ jti: text }))
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('a server whose clock goes back accepts the cookie, and renews it', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    clock.advance(-MINUTE)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
    expect((await refresh(browser, id, await key.sign({ jti: challenge }))).answer?.status).toBe(200)
  })
})

describe('the end', () => {
  test('a logout deletes the bound cookie, so that the browser asks, and learns that the binding is over', async () => {
    const { browser, id, bound } = await createBound()
    await visit(browser, { method: 'POST' }, (session) => session.logout())
    expect(bound()).toBeUndefined()
    expect((await refresh(browser, id)).answer?.status).toBe(401)
  })

  test('a login of another user leaves the binding with the old session', async () => {
    const { browser, id } = await createBound()
    await visit(browser, { method: 'POST' }, (session) => session.login('bob'))
    expect(await visit(browser)).toMatchObject({ userId: 'bob', answer: null })
    expect((await refresh(browser, id)).answer?.status).toBe(401)
  })
})

describe('policies for browsers that cannot bind', () => {
  const minutes = async (policy: NonNullable<DeviceBoundOptions['policy']>, count: number) => {
    const scene = createScene({ policy })
    await logIn(scene.browser)
    scene.clock.advance(count * MINUTE)
    return scene
  }

  test("'offer': nothing changes for them", async () => {
    const { browser } = await minutes('offer', 20)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', isFresh: true, answer: null })
  })

  test("'prefer': they stay logged in, but the proof of identity lasts a minute", async () => {
    const { browser, findings, clock } = await minutes('prefer', 0)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', isFresh: true })
    clock.advance(MINUTE)
    for (let i = 0; i < 3; i++)
      expect(await visit(browser)).toMatchObject({ userId: 'ada', isFresh: false, answer: null })
    expect(findings()).toEqual(['device-unbound'])
  })

  test("'require': after a minute they are refused, with what to do", async () => {
    const { browser, clock } = await minutes('require', 0)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
    clock.advance(MINUTE)
    const { answer } = await visit(browser)
    expect(answer).toMatchObject({
      status: 403,
      reason: 'device-unbound',
      message: expect.stringContaining('Log in again'),
    })
  })

  test('a function chooses by user and route', async () => {
    const { browser } = await minutes(
      ({ userId, view }) => (userId === 'ada' && view.url.startsWith('/admin') ? 'require' : 'offer'),
      5,
    )
    expect((await visit(browser, { url: '/admin/users' })).answer).toMatchObject({ status: 403 })
    expect(await visit(browser, { url: '/' })).toMatchObject({ userId: 'ada', answer: null })
  })

  test("bound browsers pass 'require', also after the first minute", async () => {
    const { browser } = await createBound({ policy: 'require' })
    expect(await visit(browser)).toMatchObject({ userId: 'ada', isFresh: true, answer: null })
  })

  test('visitors who are not logged in are never asked for a binding', async () => {
    const { browser } = createScene({ policy: 'require' })
    await visit(browser, {}, edit({ cart: [1] }))
    expect(await visit(browser)).toMatchObject({ userId: null, answer: null })
  })
})

describe('proofWithin', () => {
  test('makes the browser prove itself again and repeat the request, with its method and body', async () => {
    const { browser, key, id, challenge } = await createBound({
      proofWithin: ({ view }) => (view.url === '/pay' ? '1m' : null),
    })
    const pay = { method: 'POST', url: '/pay' }
    expect((await visit(browser, pay)).answer).toMatchObject({ status: 307, headers: { location: '/pay' } })
    await refresh(browser, id, await key.sign({ jti: challenge }))
    expect(await visit(browser, pay)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('is at least ten seconds, or no browser could keep it', async () => {
    const { browser, key, id, challenge, clock } = await createBound({ proofWithin: () => 1 })
    await refresh(browser, id, await key.sign({ jti: challenge }))
    clock.advance(10 * SECOND)
    expect(await visit(browser)).toMatchObject({ answer: null })
    clock.advance(1)
    expect((await visit(browser)).answer?.status).toBe(307)
  })
})

describe('options', () => {
  test('describe the cookie and the scope to the browser', async () => {
    const { browser } = createScene({
      path: '/auth/device',
      lifetime: '5m',
      cookie: { domain: 'shop.example', sameSite: 'strict' },
      scope: {
        includeSite: true,
        rules: [
          { type: 'exclude', path: '/static' },
          { type: 'exclude', domain: 'cdn.shop.example' },
        ],
      },
      refreshInitiators: ['portal.example'],
    })
    const header = headerOf((await logIn(browser)).headers, 'secure-session-registration') ?? ''
    const [, path = '', jti, authorization] = /path="(.*?)";challenge="(.*?)";authorization="(.*?)"/.exec(header) ?? []
    const key = await createKey()
    const { answer } = await post(browser, path, {
      'secure-session-response': await key.sign({ jti, authorization }, { jwk: key.jwk }),
    })
    const attributes = 'Domain=shop.example; Path=/; Secure; HttpOnly; SameSite=Strict'
    expect(answer?.headers?.['set-cookie']).toMatch(
      /^__Secure-session-bound=[\w-]{43}; Max-Age=300; Domain=shop\.example; /,
    )
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      session_identifier: challengeOf(answer).id,
      refresh_url: '/auth/device/refresh',
      scope: {
        origin: 'https://shop.example',
        include_site: true,
        scope_specification: [
          { type: 'exclude', domain: '*', path: '/static' },
          { type: 'exclude', domain: 'cdn.shop.example', path: '/' },
        ],
      },
      credentials: [{ type: 'cookie', name: '__Secure-session-bound', attributes }],
      allowed_refresh_initiators: ['portal.example'],
    })
  })

  test.each<[string, object]>([
    ['an unknown option', { polcy: 'offer' }],
    ['an unknown policy', { policy: 'demand' }],
    ['a path with a query', { path: '/a?b' }],
    ['a path that leads elsewhere', { path: '//evil.example' }],
    ['a cookie without a prefix', { cookie: { name: 'bound' } }],
    ['__Host- with a domain', { cookie: { name: '__Host-bound', domain: 'shop.example' } }],
    ['a domain that adds attributes', { cookie: { domain: 'shop.example; Path=/x' } }],
    ['the whole site without a domain', { scope: { includeSite: true } }],
    ['a rule of an unknown type', { scope: { rules: [{ type: 'skip' }] } }],
    ['a lifetime that is none', { lifetime: 'soon' }],
  ])('%s is refused', (_, options) => {
    expect(() => deviceBound(options as DeviceBoundOptions)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

test('a note that another version wrote opens nothing', async () => {
  const { browser, store, sessions } = await createBound()
  const [info] = await sessions.list('ada')
  const kept = await store.read(info?.id as never)
  if (kept?.kind !== 'live') throw new Error('There is no record.')
  const notes = JSON.stringify({ 'device-bound': JSON.stringify({ v: 2 }) })
  await store.write(kept.id, { set: { '~g': notes } })
  await expect(visit(browser)).rejects.toMatchObject({ code: 'ERR_GUARD', status: 503 })
})
