import { createHmac } from 'node:crypto'
import { createSessions, type RequestView } from 'sojourn'
import { deviceBound } from 'sojourn/guards/device-bound'
import { describe, expect, test } from 'vitest'
import { toCookieValue } from '../../src/guards/device-bound/binding.ts'
import { edit, MINUTE } from '../core/kit.ts'
import {
  base64url,
  COOKIE,
  challengeOf,
  createBound,
  createKey,
  createScene,
  logIn,
  offerOf,
  post,
  REFRESH,
  REGISTER,
  refresh,
  register,
  visit,
} from './device-browser.ts'

describe('a copied session cookie', () => {
  test('opens nothing in a browser that never sends the bound cookie', async () => {
    const { thief, findings } = await createBound()
    const copy = thief()
    expect(await visit(copy)).toMatchObject({ answer: null, userId: null, refused: 'withheld' })
    expect(findings()).toContain('device-proof-missing')
  })

  test('opens nothing with an invented bound cookie: at first the client has to prove itself, and then it is anonymous', async () => {
    const { thief } = await createBound()
    const copy = thief()
    copy.jar.set(`${COOKIE} Path=/`, `${COOKIE}=${'A'.repeat(43)}`)
    expect(await visit(copy, { url: '/account?tab=1' })).toMatchObject({
      userId: 'ada',
      answer: { status: 307, headers: { location: './account?tab=1' } },
    })
    expect(await visit(copy)).toMatchObject({ answer: null, userId: null, refused: 'withheld' })
  })

  test('stops within minutes, although the bound cookie was copied with it', async () => {
    const { thief, clock } = await createBound()
    const copy = thief(true)
    expect(await visit(copy)).toMatchObject({ answer: null, userId: 'ada' })
    clock.advance(10 * MINUTE)
    expect((await visit(copy)).answer).toMatchObject({ status: 307 })
    expect(await visit(copy)).toMatchObject({ userId: null, refused: 'withheld' })
  })

  test('stops at once when the browser has renewed the bound cookie twice', async () => {
    const { thief, browser, key, id, challenge } = await createBound()
    const copy = thief(true)
    const second = await refresh(browser, id, key.sign({ jti: challenge }))
    expect(await visit(copy)).toMatchObject({ userId: 'ada', answer: null })
    await refresh(browser, id, key.sign({ jti: challengeOf(second.answer).text }))
    expect((await visit(copy)).answer).toMatchObject({ status: 307 })
  })

  test('does not work in the header of an API either', async () => {
    const { browser, store, clock } = await createBound()
    const sessions = createSessions({
      store,
      clock,
      guards: [deviceBound()],
      carriers: [
        {
          name: 'bearer',
          ambient: false,
          vary: 'Authorization',
          read: (view) => ({ values: view.header('authorization')?.split(' ').slice(1) ?? [], overflow: false }),
          write: () => [],
          clear: () => [],
        },
      ],
    })
    const headers: Readonly<Record<string, string>> = { authorization: `Bearer ${browser.token()}` }
    const header = (name: string): string | null => headers[name] ?? null
    const { session } = await sessions.open({ method: 'GET', url: '/', secure: true, peer: null, header })
    expect([session.userId, session.refused]).toEqual([null, 'withheld'])
  })

  test('opens nothing on a socket either, also with an expired bound cookie', async () => {
    const { thief, sessions, clock } = await createBound()
    const copy = thief(true)
    clock.advance(15 * MINUTE)
    const view: RequestView = {
      method: 'GET',
      url: '/socket',
      secure: true,
      peer: null,
      canSetHeaders: false,
      header: (name) => (name === 'cookie' ? copy.cookie() : null),
    }
    const { answer, session } = await sessions.open(view)
    expect([answer, session.userId, session.refused]).toEqual([null, null, 'withheld'])
  })

  test('is not bound to the thief: there is no offer any more, and none for the thief', async () => {
    const { thief, browser, id } = await createBound()
    const copy = thief()
    const own = createKey()
    for (const url of ['/', '/login']) expect(offerOf((await visit(copy, { url })).headers)).toBeNull()
    const proof = own.sign({ jti: 'x'.repeat(22), authorization: 'y'.repeat(22) }, { jwk: own.jwk })
    expect((await register(copy, proof)).answer).toMatchObject({ status: 403, reason: 'device-registration-refused' })
    expect((await refresh(browser, id)).answer).toMatchObject({ status: 403 })
    expect(await visit(browser)).toMatchObject({ userId: 'ada' })
  })

  test('of an unbound session is not bound to the thief, who did not see the response to the login', async () => {
    const { browser, client, findings } = createScene()
    const offer = offerOf((await logIn(browser)).headers)
    const copy = client()
    for (const [name, pair] of browser.jar) copy.jar.set(name, pair)
    expect(offerOf((await visit(copy)).headers)).toBeNull()
    const own = createKey()
    for (const payload of [
      { jti: 'x'.repeat(22), authorization: offer?.authorization },
      { jti: offer?.challenge, authorization: 'y'.repeat(22) },
      { jti: offer?.challenge },
      { authorization: offer?.authorization },
    ]) {
      const { answer } = await register(copy, own.sign(payload, { jwk: own.jwk }))
      expect(answer).toMatchObject({ status: 403, reason: 'device-registration-refused' })
    }
    expect(findings()).toEqual(Array(4).fill('device-registration-refused'))
    // The browser that logged in can still register.
    const honest = createKey()
    expect(
      (await register(browser, honest.sign({ ...offer, jti: offer?.challenge }, { jwk: honest.jwk }))).answer?.status,
    ).toBe(200)
  })

  test('is of no use with a login of the thief, which ends the session', async () => {
    const { thief, browser, sessions } = await createBound()
    const copy = thief()
    await visit(copy, { method: 'POST' }, (session) => session.login('mallory'))
    expect(await sessions.list('ada')).toEqual([])
    expect(await visit(browser)).toMatchObject({ userId: null, refused: 'ended' })
  })

  test('neither lists nor ends the other sessions of its user', async () => {
    const { thief, client, sessions } = await createBound()
    await logIn(client())
    await visit(thief(), { method: 'POST' }, async (session) => {
      expect(await session.devices()).toEqual([])
      expect(await session.revokeOthers()).toBe(0)
    })
    expect(await sessions.list('ada')).toHaveLength(2)
  })

  test('reads and writes no data of the session', async () => {
    const { thief, browser } = await createBound()
    await visit(browser, {}, edit({ cart: ['book'] }))
    await visit(thief(), {}, (session) => {
      expect(session.data).toEqual({})
      session.data.cart = ['bomb']
    })
    await visit(browser, {}, (session) => expect(session.data).toEqual({ cart: ['book'] }))
  })
})

describe('a proof', () => {
  test('that was recorded is refused when it is replayed later, and at once with other cookies', async () => {
    const { browser, thief, key, id, challenge, clock } = await createBound()
    const recorded = key.sign({ jti: challenge })
    const first = await refresh(browser, id, recorded)
    expect(first.answer?.status).toBe(200)
    clock.advance(MINUTE)
    const replayed = await refresh(thief(), id, recorded)
    expect(replayed.answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    expect(replayed.answer?.headers?.['set-cookie']).toBeUndefined()
  })

  test('of a foreign key is refused, and reported', async () => {
    const { browser, id, challenge, findings } = await createBound()
    const { answer } = await refresh(browser, id, createKey().sign({ jti: challenge }))
    expect(answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    expect(findings()).toContain('device-proof-refused')
  })

  test('that brings its own key is refused at a refresh, even with the right signature', async () => {
    const { browser, id, challenge, key } = await createBound()
    const foreign = createKey()
    for (const one of [key, foreign]) {
      const { answer } = await refresh(browser, id, one.sign({ jti: challenge }, { jwk: one.jwk }))
      expect(answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    }
  })

  test('without a signature, or with a MAC made from the public key, is refused (algorithm confusion)', async () => {
    const { browser, id, challenge, key } = await createBound()
    const secret = JSON.stringify(key.jwk)
    const unsigned = (alg: string): string => `${base64url({ alg, typ: 'dbsc+jwt' })}.${base64url({ jti: challenge })}`
    const mac = unsigned('HS256')
    for (const proof of [
      `${unsigned('none')}.`,
      `${unsigned('None')}.AA`,
      `${mac}.${createHmac('sha256', secret).update(mac).digest('base64url')}`,
      `${mac}.${createHmac('sha256', Buffer.from(key.jwk.x ?? '', 'base64url'))
        .update(mac)
        .digest('base64url')}`,
      createKey('RS256').sign({ jti: challenge }),
    ]) {
      expect((await refresh(browser, id, proof)).answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    }
  })

  test.each([
    ['that is symmetric', { alg: 'HS256' }, { kty: 'oct', k: 'AAAA' }],
    ['of another curve', {}, { crv: 'P-384' }],
    ['that is not on the curve', {}, { x: 'A'.repeat(43) }],
    ['with its private part', {}, { d: 'A'.repeat(43) }],
    ['of another algorithm', { alg: 'RS256' }, {}],
    ['in another type of token', { typ: 'JWT' }, {}],
    ['with a critical header that nobody knows', { crit: ['exp'], exp: 1 }, {}],
  ])('that registers a key %s is refused, although the signature is good', async (_, header, jwk) => {
    const { browser } = createScene()
    const offer = offerOf((await logIn(browser)).headers)
    const key = createKey()
    const payload = { jti: offer?.challenge, authorization: offer?.authorization }
    const { answer } = await register(browser, key.sign(payload, { jwk: { ...key.jwk, ...jwk }, ...header }))
    expect(answer).toMatchObject({ status: 403, reason: 'device-registration-refused' })
    expect((await register(browser, key.sign(payload, { jwk: key.jwk }))).answer?.status).toBe(200)
  })

  test('yields a cookie that neither the proof nor the stored nonce tells alone', () => {
    const cookies = [toCookieValue('proof', 'nonce'), toCookieValue('other', 'nonce'), toCookieValue('proof', 'other')]
    expect(new Set(cookies).size).toBe(3)
  })

  test('of a type for another purpose is refused although the key signed it', async () => {
    const { browser, id, challenge, key } = await createBound()
    for (const typ of ['JWT', 'dpop+jwt', 'DBSC+JWT']) {
      const { answer } = await refresh(browser, id, key.sign({ jti: challenge }, { typ }))
      expect(answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    }
  })

  test('for the challenge of another session is refused', async () => {
    const { browser, id, key, client } = await createBound()
    const other = client()
    const offer = offerOf((await logIn(other)).headers)
    const second = await register(
      other,
      key.sign({ jti: offer?.challenge, authorization: offer?.authorization }, { jwk: key.jwk }),
    )
    const foreign = challengeOf(second.answer)
    expect(second.answer?.status).toBe(200)
    expect((await refresh(browser, id, key.sign({ jti: foreign.text }))).answer?.status).toBe(403)
    // Nor can one session renew the binding of the other.
    expect((await refresh(browser, foreign.id, key.sign({ jti: foreign.text }))).answer?.status).toBe(401)
  })

  test('for an expired challenge is refused, and the next one is good', async () => {
    const { browser, id, key, challenge, clock } = await createBound()
    clock.advance(13 * MINUTE)
    const late = await refresh(browser, id, key.sign({ jti: challenge }))
    expect(late.answer).toMatchObject({ status: 403, reason: 'device-challenge' })
    const { text } = challengeOf(late.answer)
    expect(text).not.toBe(challenge)
    expect((await refresh(browser, id, key.sign({ jti: text }))).answer?.status).toBe(200)
  })

  test('for an expired offer registers nothing', async () => {
    const { browser, clock } = createScene()
    const offer = offerOf((await logIn(browser)).headers)
    const key = createKey()
    clock.advance(5 * MINUTE)
    const proof = key.sign({ jti: offer?.challenge, authorization: offer?.authorization }, { jwk: key.jwk })
    expect((await register(browser, proof)).answer?.status).toBe(403)
  })

  test('registers once: a second key for the same offer is refused', async () => {
    const { browser, offer, bound } = await createBound()
    const before = bound()
    const second = createKey()
    const proof = second.sign({ jti: offer.challenge, authorization: offer.authorization }, { jwk: second.jwk })
    expect((await register(browser, proof)).answer?.status).toBe(403)
    expect(bound()).toBe(before)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })
})

describe('wrong proofs in a flood', () => {
  test('store nothing more, and do not displace the challenge of the honest browser', async () => {
    const { browser, thief, id, key, store, clock } = await createBound()
    clock.advance(8 * MINUTE)
    const { text } = challengeOf((await refresh(browser, id)).answer)
    const copy = thief()
    const wrong = createKey().sign({ jti: text })
    const before = store.count('write')
    for (let i = 0; i < 20; i++) expect((await refresh(copy, id, wrong)).answer?.status).toBe(403)
    expect(store.count('write')).toBe(before)
    expect((await refresh(browser, id, key.sign({ jti: text }))).answer?.status).toBe(200)
  })
})

describe('another site', () => {
  test('cannot make the server redirect to it', async () => {
    const { browser } = await createBound()
    for (const url of ['//evil.example/', '/\\evil.example', 'https://evil.example/', '/a\tb']) {
      browser.jar.set(`${COOKIE} Path=/`, `${COOKIE}=old`)
      const { answer, headers } = await visit(browser, { url })
      expect([answer, headers.filter(({ name }) => name === 'location')]).toEqual([null, []])
    }
  })

  test('can post to both paths, and changes nothing with it', async () => {
    const { browser, bound } = await createBound()
    const before = bound()
    for (const url of [REGISTER, REFRESH]) {
      const { answer } = await post(browser, url, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })
      expect(answer?.status).toBe(403)
      expect(answer?.headers).toMatchObject({
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
      })
    }
    expect(bound()).toBe(before)
    expect(await visit(browser)).toMatchObject({ userId: 'ada' })
  })
})

describe('what a copy of the store shows', () => {
  test('is neither the session token nor the bound cookie, and no proof', async () => {
    const { sessions, record, proof, bound, browser } = await createBound()
    const [info] = await sessions.list('ada')
    if (info === undefined) throw new Error('There is no session.')
    const stored = JSON.stringify(await record(info.id))
    expect(stored).toContain('device-bound')
    for (const secret of [proof, bound()?.split('=')[1] ?? '', browser.token() ?? '']) {
      expect(secret).not.toBe('')
      expect(stored).not.toContain(secret)
    }
  })

  test('is not exported with the data, and neither is an offer with which a thief could bind the session', async () => {
    const { sessions } = await createBound()
    expect(JSON.stringify(await sessions.export('ada'))).not.toContain('device-bound')
    const { sessions: offering, browser, record } = createScene()
    const offer = offerOf((await logIn(browser)).headers)
    const [info] = await offering.list('ada')
    if (info === undefined || offer === null) throw new Error('There is no session, or no offer.')
    expect(JSON.stringify(await record(info.id))).toContain(offer.authorization)
    expect(JSON.stringify(await offering.export('ada'))).not.toContain(offer.authorization)
  })
})

describe('a stricter policy', () => {
  test("with unproven: 'end', the first use of the copy ends the session", async () => {
    const { thief, browser, eventsOf } = await createBound({ unproven: 'end' })
    expect(await visit(thief())).toMatchObject({ userId: null, refused: 'ended' })
    expect(eventsOf('ended').at(-1)).toMatchObject({ reason: 'device-proof-missing' })
    expect(await visit(browser)).toMatchObject({ userId: null, refused: 'ended' })
  })

  test('insecureOnlyDistrust leaves the copy logged in, but its proof of identity does not count', async () => {
    const { thief, browser } = await createBound({ insecureOnlyDistrust: true })
    expect(await visit(browser)).toMatchObject({ userId: 'ada', isFresh: true })
    expect(await visit(thief())).toMatchObject({ userId: 'ada', isFresh: false, answer: null })
  })

  test('insecureOnlyDistrust: a later copy gets no offer because of what an earlier one did', async () => {
    const { thief, browser, clock } = await createBound({ insecureOnlyDistrust: true })
    await visit(thief())
    await visit(browser)
    clock.advance(MINUTE)
    await visit(browser, { method: 'POST' }, (session) => session.reauthenticated())
    const { isFresh, headers } = await visit(thief())
    expect([isFresh, offerOf(headers)]).toEqual([false, null])
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test("a copy of a session that is not bound opens nothing with policy: 'require'", async () => {
    const { browser, client, clock } = createScene({ policy: 'require' })
    await logIn(browser)
    clock.advance(2 * MINUTE)
    const copy = client()
    for (const [name, pair] of browser.jar) copy.jar.set(name, pair)
    expect((await visit(copy)).answer).toMatchObject({ status: 403, reason: 'device-unbound' })
  })

  test('proofWithin: a bound cookie that was copied minutes ago does not do for a payment', async () => {
    const { thief } = await createBound({ proofWithin: ({ view }) => (view.url === '/pay' ? '30s' : null) })
    const copy = thief(true)
    expect(await visit(copy, { url: '/' })).toMatchObject({ userId: 'ada', answer: null })
    const bound = copy.jar.get(`${COOKIE} Path=/`) ?? ''
    for (let i = 0; i < 2; i++) {
      copy.jar.set(`${COOKIE} Path=/`, bound)
      expect((await visit(copy, { method: 'POST', url: '/pay' })).answer).toMatchObject({ status: 307 })
    }
    expect(await visit(copy, { method: 'POST', url: '/pay' })).toMatchObject({ userId: null, answer: null })
  })
})
