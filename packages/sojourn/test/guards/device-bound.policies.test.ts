import { guardCases } from '@sojourn/conformance'
import { type DeviceBoundOptions, deviceBound } from 'sojourn/guards/device-bound'
import { describe, expect, test } from 'vitest'
import { edit, headerOf, MINUTE, SECOND } from '../core/kit.ts'
import { testCases } from '../support/run-cases.ts'
import { challengeOf, createBound, createKey, createScene, logIn, post, refresh, visit } from './device-browser.ts'

testCases('deviceBound', guardCases, { createGuard: () => deviceBound() })
testCases("deviceBound with policy 'prefer'", guardCases, { createGuard: () => deviceBound({ policy: 'prefer' }) })
testCases("deviceBound with policy 'require'", guardCases, { createGuard: () => deviceBound({ policy: 'require' }) })

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
    expect((await visit(browser, pay)).answer).toMatchObject({ status: 307, headers: { location: './pay' } })
    await refresh(browser, id, key.sign({ jti: challenge }))
    expect(await visit(browser, pay)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('is at least ten seconds, or no browser could keep it', async () => {
    const { browser, key, id, challenge, clock } = await createBound({ proofWithin: () => 1 })
    await refresh(browser, id, key.sign({ jti: challenge }))
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
    const key = createKey()
    const { answer } = await post(browser, path, {
      'secure-session-response': key.sign({ jti, authorization }, { jwk: key.jwk }),
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
