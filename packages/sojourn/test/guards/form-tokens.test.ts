import { type Carrier, cookieCarrier, type Guard, type SessionId } from 'sojourn'
import { vouch } from 'sojourn/carriers/kit'
import { formTokens } from 'sojourn/guards/form-tokens'
import { describe, expect, test } from 'vitest'
import { HOUR, headerOf, look, rejection, stayFor, toView } from '../core/kit.ts'
import { FORM, openShop, type Shop } from './shop.ts'

const MISSING = 'form-token-missing'
const WRONG = 'form-token-wrong'
const KEY = '__Host-form-tokens Path=/'

describe('a form of our own', () => {
  test('is accepted before a login, at the login, and after it', async () => {
    const { browser, acts } = openShop()
    expect(await browser.submit(await browser.page())).toBe('accepted')
    await browser.login()
    expect(await browser.submit(await browser.page())).toBe('accepted')
    expect(acts).toEqual(['a visitor', 'ada'])
  })

  test('may be submitted again: a double click, the back button', async () => {
    const { browser } = openShop()
    await browser.login()
    const token = await browser.page()
    for (const _ of [1, 2, 3]) expect(await browser.submit(token)).toBe('accepted')
  })

  test('stays valid while pages in other tabs get other tokens', async () => {
    const { browser } = openShop()
    await browser.login()
    const tokens = await Promise.all([1, 2, 3].map(() => browser.page()))
    expect(new Set(tokens).size).toBe(3)
    for (const token of tokens.reverse()) expect(await browser.submit(token)).toBe('accepted')
  })

  test('stays valid when a visitor’s cart begins a session after the page was loaded', async () => {
    const { browser } = openShop()
    const login = await browser.page()
    await browser.send((session) => {
      session.data.cart = ['tea']
    })
    expect(browser.token()).not.toBeNull()
    expect(await browser.submit(login)).toBe('accepted')
  })

  test('stays valid through renewals, a new proof, and a rotation', async () => {
    const world = openShop()
    const { browser } = world
    await browser.login()
    const token = await browser.page()
    await stayFor(world, browser, 3 * HOUR)
    expect(world.eventsOf('renewed')).not.toEqual([])
    await browser.send((session) => session.reauthenticated())
    await browser.send((session) => session.rotate())
    expect(await browser.submit(token)).toBe('accepted')
  })

  test.each(['a visitor', 'ada'])('of %s is accepted by another process, because nothing is stored', async (who) => {
    const { browser, open, node, acts } = openShop()
    if (who === 'ada') await browser.login()
    const token = await browser.page()
    const forms = formTokens()
    const elsewhere = open(node({ guards: [forms] }), forms)
    for (const [name, pair] of browser.jar) elsewhere.jar.set(name, pair)
    expect(await elsewhere.submit(token)).toBe('accepted')
    expect(acts).toEqual([who])
  })

  test('works with sealed data', async () => {
    const { browser } = openShop({}, { sealed: true })
    await browser.login()
    expect(await browser.submit(await browser.page())).toBe('accepted')
  })

  test('works for a user whom a cookie vouches for: there the visitor’s key is bound to the session', async () => {
    const { browser, acts } = openShop({}, { carriers: [cookieCarrier(), accessCookie()] })
    browser.jar.set('access', 'access=ada')
    const token = await browser.page()
    expect(browser.jar.has(KEY)).toBe(true)
    expect(await browser.submit(token)).toBe('accepted')
    browser.jar.set('access', 'access=eve')
    expect(await browser.submit(token)).toBe(WRONG)
    browser.jar.delete('access')
    expect(await browser.submit(token)).toBe(WRONG)
    expect(acts).toEqual(['ada'])
  })

  test('is read from FormData, and from objects without a prototype', async () => {
    const { browser } = openShop()
    const token = await browser.page()
    const data = new FormData()
    data.set('_csrf', token)
    expect(await browser.submit(null, {}, data)).toBe('accepted')
    expect(await browser.submit(null, {}, Object.assign(Object.create(null), { _csrf: token }))).toBe('accepted')
  })

  test('is read from URLSearchParams, and from the FormData of another library', async () => {
    const { browser } = openShop()
    const token = await browser.page()
    expect(await browser.submit(null, {}, new URLSearchParams({ _csrf: token }))).toBe('accepted')
    expect(await browser.submit(null, {}, new URLSearchParams({ amount: '10' }))).toBe(MISSING)
    expect(await browser.submit(null, {}, new Map([['_csrf', token]]))).toBe('accepted')
    expect(await browser.submit(null, {}, { get: 'x', _csrf: token })).toBe('accepted')
  })

  test.each([
    FORM,
    `${FORM};charset=UTF-8`,
    `${FORM} ; charset=utf-8`,
    'Application/X-WWW-Form-Urlencoded',
    'multipart/form-data; boundary=x',
    'Multipart/Form-Data;boundary=x',
  ])('of the type %s is known as a form', async (type) => {
    const { browser } = openShop()
    const headers = { 'content-type': type }
    expect(await browser.submit(await browser.page(), { headers })).toBe('accepted')
    expect(await browser.submit(undefined, { headers })).toBe(MISSING)
  })
})

describe('a script of our own', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'])(
    'sends the token of its page in a header: %s',
    async (method) => {
      const { browser, acts } = openShop()
      await browser.login()
      const token = await browser.page()
      expect(await browser.script(token, { method })).toBe('accepted')
      expect(await browser.script(null, { method })).toBe(MISSING)
      expect(await browser.script('', { method })).toBe(MISSING)
      expect(acts).toEqual(['ada'])
    },
  )

  test('may send a form with the token in the header, as htmx does', async () => {
    const { browser } = openShop()
    await browser.login()
    const headers = { 'x-csrf-token': await browser.page() }
    expect(await browser.submit(undefined, { headers })).toBe('accepted')
    // A body that no parser has read, such as an upload.
    expect(await browser.submit(undefined, { headers }, undefined)).toBe('accepted')
  })

  test('sends one of another session: the field does not replace a wrong header', async () => {
    const { browser, open } = openShop()
    const other = open()
    await Promise.all([browser.login(), other.login('eve')])
    const headers = { 'x-csrf-token': await other.page() }
    expect(await browser.submit(await browser.page(), { headers })).toBe(WRONG)
  })

  test('reads without a token, by any safe method', async () => {
    const { browser, acts } = openShop()
    await browser.login()
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(await browser.script(null, { method })).toBe('accepted')
    expect(acts).toEqual(['ada', 'ada', 'ada'])
  })

  test('opens a WebSocket without a token, because a browser cannot add the header', async () => {
    const { browser } = openShop()
    await browser.login()
    const headers = { upgrade: 'websocket', connection: 'Upgrade' }
    expect((await browser.open({ headers })).answer).toBeNull()
    expect((await browser.open({ method: 'CONNECT' })).answer).toBeNull()
  })

  test('that presents a token in a header of its own needs none', async () => {
    const bearer: Carrier = {
      name: 'bearer',
      ambient: false,
      vary: 'Authorization',
      read: (view) => ({ values: [view.header('authorization') ?? []].flat(), overflow: false }),
      write: () => [],
      clear: () => [],
    }
    const { browser } = openShop({}, { carriers: [bearer, cookieCarrier()] })
    await browser.login()
    expect(await browser.script(null)).toBe(MISSING)
    expect(await browser.script(null, { headers: { authorization: browser.token() ?? '' } })).toBe('accepted')
  })
})

describe('attack:', () => {
  test('a forged request has no token', async () => {
    const { browser, acts, eventsOf } = openShop()
    await browser.login()
    expect(await browser.submit(undefined)).toBe(MISSING)
    expect(await browser.script(null)).toBe(MISSING)
    expect(acts).toEqual([])
    expect(eventsOf('denied').map(({ guard, reason }) => [guard, reason])).toEqual([
      ['form-tokens', MISSING],
      ['form-tokens', MISSING],
    ])
  })

  test('login CSRF: the attacker’s page logs the victim in as the attacker', async () => {
    const { browser, open, acts } = openShop()
    const attacker = open()
    const token = await attacker.page()
    expect(await browser.submit(token)).toBe(WRONG)
    expect(await browser.submit(undefined)).toBe(MISSING)
    await browser.page()
    expect(await browser.submit(token)).toBe(WRONG)
    expect(acts).toEqual([])
  })

  test.each(['another user', 'the same user on another device', 'a visitor'])('a token of %s', async (whose) => {
    const { browser, open, acts } = openShop()
    const other = open()
    await browser.login('ada')
    if (whose !== 'a visitor') await other.login(whose === 'another user' ? 'eve' : 'ada')
    const token = await other.page()
    expect(await browser.submit(token)).toBe(WRONG)
    expect(await browser.script(token)).toBe(WRONG)
    expect(acts).toEqual([])
  })

  test('a token planted or seen before the login does not work after it, nor after the logout', async () => {
    const { browser, acts } = openShop()
    const before = await browser.page()
    const planted = browser.jar.get(KEY) ?? ''
    expect(planted).not.toBe('')
    await browser.login()
    expect(browser.jar.has(KEY)).toBe(false)
    browser.jar.set(KEY, planted)
    expect(await browser.submit(before)).toBe(WRONG)
    browser.jar.delete(KEY)
    const during = await browser.page()
    await browser.send((session) => session.logout())
    expect(await browser.submit(during)).toBe(WRONG)
    await browser.page()
    expect(await browser.submit(before)).toBe(WRONG)
    expect(await browser.submit(during)).toBe(WRONG)
    await browser.login()
    expect(await browser.submit(during)).toBe(WRONG)
    expect(acts).toEqual([])
  })

  test('a sibling host plants its own key cookie, with or beside the victim’s, where no prefix prevents it', async () => {
    const { browser, open, acts } = openShop({ cookie: { insecureOverHttp: true } })
    const attacker = open()
    const token = await attacker.page()
    const [planted = ''] = attacker.jar.values()
    // Logged in, the key does not matter.
    await browser.login()
    browser.jar.set('planted', planted)
    expect(await browser.submit(token)).toBe(WRONG)
    await browser.send((session) => session.logout())
    browser.jar.delete('planted')
    // Beside the victim's own: neither counts, and the next page replaces both.
    await browser.page()
    browser.jar.set('form-tokens Domain=example Path=/', planted)
    expect(await browser.submit(token)).toBe(WRONG)
    const { setCookies } = await browser.send(() => {})
    expect(setCookies).toEqual([])
    expect(acts).toEqual([])
  })

  test.each<[attack: string, headers: Readonly<Record<string, string>>]>([
    ['JSON smuggled in a form of the type text/plain', { 'content-type': 'text/plain' }],
    ['a Blob without a type', { 'content-type': '' }],
    ['a type that some parsers take for a form', { 'content-type': `text/plain; ${FORM}` }],
    ['two types', { 'content-type': `${FORM}, text/plain` }],
    ['XML', { 'content-type': 'text/xml' }],
    ['JSON', { 'content-type': 'application/json' }],
  ])('%s, with the token nowhere or in the body', async (_, headers) => {
    const { browser, acts } = openShop()
    await browser.login()
    expect(await browser.submit(undefined, { headers })).toBe(MISSING)
    expect(await browser.submit(await browser.page(), { headers })).toBe(MISSING)
    expect(acts).toEqual([])
  })

  test('the token in the URL counts for nothing, because URLs leak', async () => {
    const { browser } = openShop()
    await browser.login()
    const url = `/transfer?_csrf=${await browser.page()}`
    expect(await browser.submit(undefined, { url })).toBe(MISSING)
    expect(await browser.script(null, { url })).toBe(MISSING)
  })

  test('the token in a cookie counts for nothing, because a sibling host can plant it', async () => {
    const { browser } = openShop()
    await browser.login()
    const token = await browser.page()
    for (const name of ['_csrf', 'csrf-token', 'x-csrf-token', 'XSRF-TOKEN']) browser.jar.set(name, `${name}=${token}`)
    expect(await browser.submit(undefined)).toBe(MISSING)
    expect(await browser.script(null)).toBe(MISSING)
  })

  test.each(['GET', 'HEAD', 'OPTIONS', 'QUERY'])('a POST that a method override makes a %s', async (override) => {
    const world = openShop()
    const { forms, browser } = world
    await browser.login()
    const { session } = await openOverridden(world, 'POST', override)
    expect(await rejection(() => session.userId)).toMatchObject({ code: 'ERR_DENIED' })
    expect(await rejection(() => forms.assert(session, {}))).toMatchObject({ code: 'ERR_DENIED' })
    forms.assert(session, { _csrf: await browser.page() })
  })

  test.each(['POST', 'DELETE', 'PUT'])('a GET that a method override makes a %s', async (override) => {
    const world = openShop()
    const { forms, browser } = world
    await browser.login()
    const { session } = await openOverridden(world, 'GET', override)
    expect(await rejection(() => forms.assert(session, {}))).toMatchObject({ code: 'ERR_DENIED' })
    forms.assert(session, { _csrf: await browser.page() })
  })

  test.each<[body: string, of: (token: string) => unknown]>([
    ['nothing, because no parser ran', () => undefined],
    ['null', () => null],
    ['text', (token) => `_csrf=${token}`],
    ['a repeated field', (token) => ({ _csrf: [token, token] })],
    ['an object in the field', (token) => ({ _csrf: { value: token } })],
    ['an array', (token) => [token]],
    ['an inherited field', (token) => Object.create({ _csrf: token })],
    ['another name', (token) => ({ csrf: token, _CSRF: token, csrf_token: token })],
    ['an empty field', () => ({ _csrf: '' })],
    ['a number', () => ({ _csrf: 1 })],
    ['true', () => ({ _csrf: true })],
  ])('a body that is %s', async (_, of) => {
    const { browser } = openShop()
    await browser.login()
    expect(await browser.submit(null, {}, of(await browser.page()) ?? null)).toBe(MISSING)
  })

  test('a token with other characters around it, twice, in another spelling, or cut', async () => {
    const { browser, acts } = openShop()
    await browser.login()
    const token = await browser.page()
    const swapped = token.slice(22) + token.slice(0, 22)
    for (const text of [
      ` ${token}`,
      `${token}\n`,
      `${token}=`,
      `${token},${token}`,
      `${token}, ${token}`,
      token.toLowerCase(),
      encodeURIComponent(`${token}\0`),
      token.slice(0, -1),
      token.slice(0, 22),
      token.slice(22),
      swapped,
      'A'.repeat(65),
      'A'.repeat(100_000),
    ]) {
      expect([text.length, await browser.submit(text)]).toEqual([text.length, WRONG])
      if (!text.includes('\n')) expect(await browser.script(text)).toBe(WRONG)
    }
    expect(acts).toEqual([])
  })

  test('a token that was made for a visitor without a cookie', async () => {
    const { browser, acts } = openShop()
    const token = await browser.page()
    browser.jar.clear()
    expect(await browser.submit(token)).toBe(WRONG)
    for (const key of ['', 'x', 'A'.repeat(21), 'A'.repeat(23), 'undefined', 'null']) {
      browser.jar.set(KEY, `__Host-form-tokens=${key}`)
      expect(await browser.submit(token)).toBe(WRONG)
    }
    expect(acts).toEqual([])
  })

  test('BREACH: no part of a token repeats in another, so compression reveals nothing', async () => {
    const { browser } = openShop()
    await browser.login()
    const tokens = await Promise.all(Array.from({ length: 50 }, () => browser.page()))
    const pieces = tokens.flatMap((token) =>
      Array.from({ length: token.length - 5 }, (_, at) => token.slice(at, at + 6)),
    )
    // 3000 pieces of 36 random bits: two are equal in one of fifteen thousand runs.
    expect(new Set(pieces).size).toBeGreaterThanOrEqual(pieces.length - 1)
  })
})

describe('a form that nobody checked', () => {
  test('gets no session: whatever the handler reads or does is refused, and says what to do', async () => {
    const { browser, forms } = openShop()
    await browser.login()
    const token = await browser.page()
    const { session, answer, commit } = await browser.open({ method: 'POST', headers: { 'content-type': FORM } })
    expect(answer).toBeNull()
    const uses: readonly (() => unknown)[] = [
      () => session.userId,
      () => session.id,
      () => session.data,
      () => {
        session.data = {}
      },
      () => session.flash,
      () => session.isNew,
      () => session.authenticatedWithin('1h'),
      () => session.login('eve'),
      () => session.logout(),
      () => session.rotate(),
      () => session.reauthenticated(),
      () => session.update('cart', () => 1),
      () => session.save(),
      () => session.reload(),
      () => session.devices(),
      () => session.revokeOthers(),
      () => session.revokeDevice('x'),
    ]
    for (const use of uses) {
      expect(await rejection(async () => use())).toMatchObject({
        code: 'ERR_DENIED',
        status: 403,
        message: expect.stringMatching(/Call forms\.assert\(session, body\)/),
      })
    }
    forms.assert(session, { _csrf: token })
    expect(session.userId).toBe('ada')
    session.data.cart = 1
    browser.receive(await commit())
    expect((await browser.send(look)).value).toMatchObject({ userId: 'ada', data: { cart: 1 } })
  })

  test('is checked by the call that failed too: the error page may show who is logged in', async () => {
    const { browser, forms } = openShop()
    await browser.login()
    const { session } = await browser.open({ method: 'POST', headers: { 'content-type': FORM } })
    expect(await rejection(() => forms.assert(session, {}))).toMatchObject({ code: 'ERR_DENIED' })
    expect(session.userId).toBe('ada')
    expect(forms.token(session)).toMatch(/^[\w-]{65}$/)
  })

  test('does not concern JSON: there the guard has answered already', async () => {
    const { browser } = openShop()
    await browser.login()
    const { answer } = await browser.open({ method: 'POST', headers: { 'content-type': 'application/json' } })
    expect(answer).toMatchObject({ status: 403, reason: MISSING, message: expect.stringMatching(/x-csrf-token/) })
  })
})

describe('the message of a refusal', () => {
  test('a form that was open while the user logged in in another tab says to reload', async () => {
    const { browser, forms } = openShop()
    const login = await browser.page()
    await browser.login()
    const { session } = await browser.open({ method: 'POST', headers: { 'content-type': FORM } })
    expect(await rejection(() => forms.assert(session, { _csrf: login }))).toMatchObject({
      message: expect.stringMatching(/logged in or out after it was loaded.*Reload the page/),
    })
  })

  test('contains no token', async () => {
    const { browser, forms, events } = openShop()
    await browser.login()
    const token = (await browser.page()).replace(/.$/, '!')
    const { session } = await browser.open({ method: 'POST', headers: { 'content-type': FORM } })
    const error = await rejection(() => forms.assert(session, { _csrf: token }))
    expect(JSON.stringify([error, error.message, error.stack, events])).not.toContain(token.slice(0, 22))
  })
})

describe('a page with a token', () => {
  test('sets a cookie for a visitor only, once, and none without a token', async () => {
    const { browser, forms } = openShop()
    expect((await browser.send(() => {})).setCookies).toEqual([])
    const first = await browser.send((session) => [forms.token(session), forms.token(session)])
    expect(first.setCookies).toEqual([
      expect.stringMatching(/^__Host-form-tokens=[\w-]{22}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    expect((await browser.send((session) => forms.token(session))).setCookies).toEqual([])
    for (const token of first.value) expect(await browser.submit(token)).toBe('accepted')
    await browser.login()
    expect((await browser.send((session) => forms.token(session))).setCookies).toEqual([])
  })

  test('stores nothing, and begins no session', async () => {
    const { browser, store, sessions } = openShop()
    await browser.submit(await browser.page())
    expect(store.calls.filter(({ operation }) => operation !== 'read')).toEqual([])
    expect(await sessions.count()).toBe(0)
  })

  test.each(['a visitor', 'ada'])('is kept by no cache, even if the application marks it public: %s', async (who) => {
    const { browser, forms } = openShop()
    if (who === 'ada') await browser.login()
    const { headers } = await browser.send((session) => forms.token(session))
    expect(headers.filter(({ name }) => name === 'cache-control')[0]).toEqual({
      name: 'cache-control',
      value: 'no-store',
      how: 'replace',
    })
    expect(headers).toContainEqual({ name: 'cdn-cache-control', value: '', how: 'replace' })
    expect(headerOf(headers, 'vary')).toBe('Cookie')
  })

  test('and a page without one may be cached as before', async () => {
    const { browser } = openShop()
    expect((await browser.send(() => {})).headers).toEqual([])
  })

  test('belongs to the new session once the handler has logged in, and to none after a logout', async () => {
    const { browser, forms } = openShop()
    const login = await browser.send(async (session) => {
      await session.login('ada')
      return forms.token(session)
    })
    expect(await browser.submit(login.value)).toBe('accepted')
    const logout = await browser.send(async (session) => {
      await session.logout()
      return forms.token(session)
    })
    expect(await browser.submit(logout.value)).toBe('accepted')
  })

  test('replaces the cookie if the browser presents several, or one that is no key', async () => {
    const { browser, forms } = openShop({ cookie: { insecureOverHttp: true } })
    browser.jar.set('planted', `form-tokens=${'A'.repeat(22)}`)
    browser.jar.set('planted too', `form-tokens=${'B'.repeat(22)}`)
    const { setCookies } = await browser.send((session) => forms.token(session))
    expect(setCookies.at(-1)).toMatch(/^form-tokens=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(setCookies.length).toBeGreaterThan(1)
    browser.jar.clear()
    browser.jar.set('broken', 'form-tokens=hello')
    expect((await browser.send((session) => forms.token(session))).setCookies).toHaveLength(1)
  })

  test('cannot get its token once its response has begun', async () => {
    const { browser, forms } = openShop()
    await browser.login()
    const { session, commit } = await browser.open()
    await commit()
    expect(await rejection(() => forms.token(session))).toMatchObject({ code: 'ERR_HEADERS_SENT' })
  })

  test('that is rendered where no cookie can be set has a token for a user, and none for a visitor', async () => {
    const { browser, forms, sessions } = openShop()
    const render = async () => {
      const header = (name: string) => (name === 'cookie' ? browser.cookie() : null)
      const view = { method: 'GET', url: '/', secure: true, peer: null, canSetHeaders: false, header }
      return forms.token((await sessions.open(view)).session)
    }
    expect(await rejection(render)).toMatchObject({ code: 'ERR_NO_HEADERS' })
    await browser.page()
    expect(await browser.submit(await render())).toBe('accepted')
    await browser.login()
    expect(await browser.submit(await render())).toBe('accepted')
  })
})

describe('options', () => {
  test('insecureExemptPaths need no token', async () => {
    const { browser } = openShop({ insecureExemptPaths: ['/webhooks/*', '/saml/acs'] })
    expect(await browser.script(null, { url: '/webhooks/stripe' })).toBe('accepted')
    expect(await browser.submit(undefined, { url: '/saml/acs?RelayState=1' })).toBe('accepted')
    for (const url of ['/webhooks', '/webhooks/../account', '/webhooks/%2e%2e/account', '/saml/acs/x', '/'])
      expect([url, await browser.script(null, { url })]).toEqual([url, MISSING])
  })

  test('cookie follows the cookie of the session', async () => {
    const { browser, forms } = openShop({ cookie: { sameSite: 'none', partitioned: true } })
    const { setCookies } = await browser.send((session) => forms.token(session))
    expect(setCookies).toEqual([expect.stringMatching(/; Secure; SameSite=None; Partitioned$/)])
  })

  test.each<[mistake: string, options: object]>([
    ['an unknown option', { ignoreMethods: ['GET'] }],
    ['a path that is no list', { insecureExemptPaths: '/webhooks' }],
    ['a path that is not plain', { insecureExemptPaths: ['/a/../b'] }],
    ['a cookie that browsers drop', { cookie: { domain: 'example.com' } }],
    ['a cookie that is no object', { cookie: 'csrf' }],
  ])('%s is refused', async (_, options) => {
    expect(await rejection(() => formTokens(options))).toMatchObject({ code: 'ERR_OPTION' })
  })

  test('requests of another guard’s protocol need no token, in whatever order the guards are given', async () => {
    const protocol: Guard = {
      name: 'protocol',
      endpoints: ['/protocol/refresh'],
      opened: ({ view }) =>
        view.url === '/protocol/refresh' ? { answer: { status: 200, reason: 'refreshed', message: 'Done.' } } : null,
    }
    const { browser } = openShop({}, { guards: [protocol] })
    expect(await browser.script(null, { url: '/protocol/refresh' })).toBe('refreshed')
    expect(await browser.script(null, { url: '/protocol/other' })).toBe(MISSING)
  })

  test('a guard that is not among the guards of the sessions says so', async () => {
    const { browser } = openShop()
    const forms = formTokens()
    const stranger = Object.assign(formTokens(), { name: 'other' })
    const { session } = await browser.open()
    expect(forms.token(session)).toMatch(/^[\w-]{65}$/)
    expect(await rejection(() => stranger.token(session))).toMatchObject({
      code: 'ERR_OPTION',
      message: expect.stringMatching(/guards/),
    })
    expect(await rejection(() => forms.assert({} as never, {}))).toMatchObject({ code: 'ERR_OPTION' })
  })
})

/** A request whose method a middleware changes after the adapter, as `method-override` does. */
async function openOverridden({ sessions, browser }: Shop, method: string, override: string) {
  const view = { ...toView({ method, headers: { 'content-type': FORM }, cookie: browser.cookie() }) }
  const exchange = await sessions.open(view)
  Object.assign(view, { method: override })
  return exchange
}

/** A cookie with the name of a user, as if it was signed. */
function accessCookie(): Carrier {
  return {
    name: 'access',
    ambient: true,
    readOnly: true,
    vary: 'Cookie',
    read: (view) => ({ values: /access=(\w+)/.exec(view.header('cookie') ?? '')?.slice(1) ?? [], overflow: false }),
    translate(userId) {
      const id = `${userId.padEnd(21, 'x')}A` as SessionId
      return vouch({ id, userId, expiresAt: Number.MAX_SAFE_INTEGER, reads: 'nothing' })
    },
    write: () => [],
    clear: () => [],
  }
}
