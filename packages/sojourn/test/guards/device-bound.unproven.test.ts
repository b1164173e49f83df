import type { Session } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { edit, MINUTE, SECOND, type TestData } from '../core/kit.ts'
import { COOKIE, challengeOf, createBound, logIn, offerOf, refresh, visit } from './device-browser.ts'

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
    await refresh(browser, id, key.sign({ jti: challenge }))
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
    await refresh(browser, id, key.sign({ jti: challenge }))
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
    expect(answer).toMatchObject({ status: 307, headers: { location: './order' } })
    expect(bound()).toBeUndefined()
    const { text } = challengeOf((await refresh(browser, id)).answer)
    await refresh(browser, id, key.sign({ jti: text }))
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('a server whose clock goes back accepts the cookie, and renews it', async () => {
    const { browser, key, id, challenge, clock } = await createBound()
    clock.advance(-MINUTE)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
    expect((await refresh(browser, id, key.sign({ jti: challenge }))).answer?.status).toBe(200)
  })
})

describe('a proxy that removes the beginning of the path', () => {
  test.each([
    ['/app/account/orders?page=2', '/account/orders?page=2'],
    ['/app/account/', '/account/'],
    ['/app/', '/'],
    ['/app/a;b/c:d?e/f', '/a;b/c:d?e/f'],
  ])('the browser at %s repeats the request there', async (address, url) => {
    const { browser, clock } = await createBound()
    clock.advance(15 * MINUTE)
    const { answer } = await visit(browser, { url })
    const location = answer?.headers?.location ?? 'none'
    expect(new URL(location, `https://shop.example${address}`).href).toBe(`https://shop.example${address}`)
  })
})

describe('a page of another origin that embeds something of the application', () => {
  const embedded = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
  const count = (session: Session<TestData>) => {
    session.data.views = 1
  }

  test('does not log out the user whose browser cannot renew its cookie for that page, although the handler counts visits', async () => {
    const { browser, bound, key, id, clock } = await createBound()
    clock.advance(15 * MINUTE)
    browser.jar.delete(`${COOKIE} Path=/`)
    expect(await visit(browser, { headers: embedded }, count)).toMatchObject({ userId: null, refused: 'withheld' })
    const { text } = challengeOf((await refresh(browser, id)).answer)
    await refresh(browser, id, key.sign({ jti: text }))
    expect(bound()).toBeDefined()
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('a request of our own page, or a link, may begin a session: logins with an identity provider need one', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      {},
    ]) {
      const { thief, clock } = await createBound({ world: { crossOrigin: { insecureExemptPaths: ['/saml'] } } })
      clock.advance(15 * MINUTE)
      const browser = thief()
      const before = browser.token()
      await visit(browser, { method: 'POST', headers, url: '/saml' }, count)
      expect(browser.token()).not.toBe(before)
    }
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
