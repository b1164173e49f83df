import { deviceBound } from 'sojourn/guards/device-bound'
import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../core/kit.ts'
import { COOKIE, challengeOf, createBound, post, REFRESH, REGISTER, refresh, visit } from './device-browser.ts'

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax'

describe('refresh', () => {
  test('with the challenge that was sent ahead takes one request', async () => {
    const { browser, key, id, challenge, bound } = await createBound()
    const before = bound()
    const { answer } = await refresh(browser, id, key.sign({ jti: challenge }))
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
    expect((await refresh(browser, id, key.sign({ jti: text }))).answer?.status).toBe(200)
  })

  test('keeps the session usable for hours, with one cookie after the other', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    let next = challenge
    for (let i = 0; i < 30; i++) {
      clock.advance(9 * MINUTE)
      const { answer } = await refresh(browser, id, key.sign({ jti: next }))
      next = challengeOf(answer).text
      expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
    }
  })

  test('accepts headers in quotes, as the specification writes them', async () => {
    const { browser, key, id, challenge } = await createBound()
    const { answer } = await refresh(browser, `"${id}"`, `"${key.sign({ jti: challenge })}"`)
    expect(answer?.status).toBe(200)
  })

  test('accepts an older challenge that was not used: two tabs race', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    clock.advance(8 * MINUTE)
    const newer = challengeOf((await refresh(browser, id)).answer).text
    expect(newer).not.toBe(challenge)
    expect((await refresh(browser, id, key.sign({ jti: newer }))).answer?.status).toBe(200)
    const late = await refresh(browser, id, key.sign({ jti: challenge }))
    expect(late.answer?.status).toBe(200)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('that is sent again gets the same cookie, and stores nothing', async () => {
    const { browser, key, id, challenge, clock, store, bound } = await createBound()
    const proof = key.sign({ jti: challenge })
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
    expect((await refresh(browser, id, key.sign({ jti: challengeOf(answer).text }))).answer?.status).toBe(200)
  })

  test('twice at the same moment: with one proof one cookie, with two proofs two valid ones', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    const proof = key.sign({ jti: challenge })
    const same = await Promise.all([refresh(browser, id, proof), refresh(browser, id, proof)])
    const [one, two] = same.map(({ answer }) => answer?.headers?.['set-cookie'])
    expect(one).toMatch(/^__Host-session-bound=/)
    expect(two).toBe(one)
    const early = challengeOf(same[0]?.answer ?? null).text
    clock.advance(8 * MINUTE)
    const newer = challengeOf((await refresh(browser, id)).answer).text
    const both = await Promise.all([
      refresh(browser, id, key.sign({ jti: early })),
      refresh(browser, id, key.sign({ jti: newer })),
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
      'secure-session-response': key.sign({ jti: challenge }),
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
    await refresh(browser, id, key.sign({ jti: challenge }))
    if (before?.kind !== 'live') throw new Error('There is no record.')
    await store.write(before.id, { set: before.data })
    // The browser has a cookie and a challenge that the store never saw.
    expect((await visit(browser)).answer).toMatchObject({ status: 307 })
    const { answer } = await refresh(browser, id, key.sign({ jti: 'a'.repeat(22) }))
    expect(answer?.status).toBe(403)
    expect((await refresh(browser, id, key.sign({ jti: challengeOf(answer).text }))).answer?.status).toBe(200)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })
})

describe('statuses: Chromium deletes a binding for most of them', () => {
  test('a live binding gets 200 or 403 with a challenge, whatever the browser sends', async () => {
    const { browser, id, key, challenge } = await createBound()
    const good = key.sign({ jti: challenge })
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

  test('another binding gets 401, and the cookie of the live one stays: the browser logged in again, and asks for the old one too', async () => {
    const { browser, bound } = await createBound()
    const cookie = bound()
    expect((await refresh(browser, 'a'.repeat(22))).answer?.status).toBe(401)
    expect(bound()).toBe(cookie)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
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
    const proof = key.sign({ jti: challenge })
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
