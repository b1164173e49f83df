import { type Carrier, cookieCarrier, createSessions, type Guard, memoryStore } from 'sojourn'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClock, MINUTE } from '../core/kit.ts'
import { createBrowser, type Got, NAVIGATION, SCRIPT } from './support/browser.ts'
import { FRAMEWORKS } from './support/require-apps.ts'

/** Stops trusting the proof of requests with this header, as a guard for devices does. */
const distrust: Guard = {
  name: 'distrust',
  opened: ({ view }) => (view.header('x-distrust') === null ? null : { distrust: true }),
}

/** A token in `Authorization`, and in `x-token` of responses. */
const bearer: Carrier = {
  name: 'bearer',
  ambient: false,
  vary: 'Authorization',
  read(view) {
    const [, text] = /^(?:Bearer|DPoP) (\S+)$/i.exec(view.header('authorization') ?? '') ?? []
    return { values: text === undefined ? [] : [text], overflow: false }
  },
  write: (_, token) => [{ name: 'x-token', value: token, how: 'replace' }],
  clear: () => [],
}

const PROTECTED = ['/account', '/password', '/devices', '/transfer', '/levels', '/keys', '/anything/else']

function problemOf({ body }: Got): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>
}

function seen({ status, headers }: Got): readonly unknown[] {
  return [status, headers.location]
}

const back = (page: string, path: string): string => `${page}?returnTo=${encodeURIComponent(path)}`

describe.each(Object.entries(FRAMEWORKS))('on %s', (_, start) => {
  async function serve(carriers: readonly Carrier[] = [cookieCarrier()]) {
    const clock = createClock()
    const sessions = createSessions({ store: memoryStore(), clock, carriers, guards: [distrust], warn: () => {} })
    const { origin, reached, close } = await start(sessions)
    onTestFinished(async () => {
      await close()
      await sessions.close()
    })
    const browser = createBrowser(origin)
    const login = (query = '?method=pwd&assurance=aal1') => browser.submit(`/login${query}`)
    return { origin, clock, browser, login, reached }
  }

  test('browsers are sent to sign in, and come back with all of the address', async () => {
    const { browser, login, reached } = await serve()
    expect(seen(await browser.load('/account?tab=a%20b&x=1'))).toEqual([
      303,
      back('/sign-in', '/account?tab=a%20b&x=1'),
    ])
    expect(seen(await browser.load('/tab'))).toEqual([303, '/sign-in?from=tab&returnTo=%2Ftab'])
    expect(seen(await browser.send('HEAD', '/anything', NAVIGATION))).toEqual([303, back('/sign-in', '/anything')])
    expect(reached()).toBe(0)
    await login()
    expect((await browser.load('/account')).body).toBe('ada reached it')
    expect((await browser.load(back('/back', '/account?tab=a'))).body).toBe('/account?tab=a')
  })

  test('scripts and other clients get 401 with a reason, and no redirect that they would follow', async () => {
    const { browser, reached } = await serve()
    for (const headers of [SCRIPT, {}, { accept: 'application/json' }, { accept: '*/*' }]) {
      const got = await browser.send('GET', '/account', headers)
      expect(seen(got)).toEqual([401, undefined])
      expect(got.headers['content-type']).toMatch(/^application\/problem\+json(;|$)/)
      expect(problemOf(got)).toEqual({
        title: 'Unauthorized',
        status: 401,
        detail: 'Sign in first.',
        reason: 'signed-out',
        page: '/sign-in',
      })
    }
    expect(reached()).toBe(0)
  })

  test('a browser gets 401 too if there is no page to sign in', async () => {
    const { browser } = await serve()
    const got = await browser.load('/api')
    expect([...seen(got), got.body]).toEqual([401, undefined, expect.stringContaining('Sign in first.')])
  })

  test('stale proof: the sixth minute asks again, says how old it may be, and the new proof opens the page', async () => {
    const { browser, login, clock, reached } = await serve()
    await login()
    clock.advance(5 * MINUTE)
    expect((await browser.load('/password')).body).toBe('ada reached it')
    clock.advance(1)
    expect(seen(await browser.load('/password'))).toEqual([303, back('/confirm', '/password')])
    const got = await browser.send('GET', '/password', SCRIPT)
    expect([got.status, problemOf(got)]).toMatchObject([
      403,
      { title: 'Forbidden', reason: 'proof-too-old', maxAgeSeconds: 300, page: '/confirm' },
    ])
    expect([(await browser.load('/confirm-api')).status, reached()]).toEqual([403, 1])
    await browser.submit('/prove?method=pwd')
    expect((await browser.load('/password')).body).toBe('ada reached it')
  })

  test('a distrusted session counts as not fresh, has no level and no methods, and stays signed in', async () => {
    const { browser, login, reached } = await serve()
    await login('?method=pwd&method=hwk&assurance=aal3')
    const headers = { 'x-distrust': '1' }
    expect(seen(await browser.load('/password', headers))).toEqual([303, back('/confirm', '/password')])
    expect(seen(await browser.load('/transfer'))).toEqual([303, back('/passkey', '/transfer')])
    expect(seen(await browser.load('/keys'))).toEqual([303, back('/passkey', '/keys')])
    expect(reached()).toBe(0)
    expect((await browser.load('/account', headers)).status).toBe(200)
  })

  test('assurance downgrade: a weaker proof does not renew a stronger one', async () => {
    const { browser, login, clock } = await serve()
    await login('?method=pwd&method=hwk&assurance=aal2')
    expect([(await browser.load('/transfer')).status, (await browser.load('/keys')).status]).toEqual([200, 200])
    clock.advance(6 * MINUTE)
    await browser.submit('/prove?method=pwd&assurance=aal1')
    expect((await browser.load('/password')).status).toBe(200)
    expect(seen(await browser.load('/transfer'))).toEqual([303, back('/passkey', '/transfer')])
    expect(seen(await browser.load('/keys'))).toEqual([303, back('/passkey', '/keys')])
    await browser.submit('/prove?method=pwd&method=hwk&assurance=aal3')
    expect([(await browser.load('/transfer')).status, (await browser.load('/keys')).status]).toEqual([200, 200])
  })

  test.each(['aal1', 'AAL2', 'aal', 'aal10', 'aal4', 'zzz', 'aal2%20', '', null])(
    'the level %s is not aal2',
    async (level) => {
      const { browser, login } = await serve()
      await login(level === null ? '?method=pwd' : `?assurance=${level}`)
      const got = await browser.send('GET', '/transfer', SCRIPT)
      expect([got.status, problemOf(got)]).toMatchObject([403, { reason: 'assurance-too-low', assurance: ['aal2'] }])
    },
  )

  test('one of several levels of the application is enough, and their order is not guessed', async () => {
    const { browser, login } = await serve()
    await login('?assurance=platinum')
    expect((await browser.load('/levels')).status).toBe(303)
    await login('?assurance=gold')
    expect((await browser.load('/levels')).status).toBe(200)
  })

  test('all of the methods are needed', async () => {
    const { browser, login } = await serve()
    await login('?method=hwk')
    const got = await browser.send('GET', '/keys', SCRIPT)
    expect([got.status, problemOf(got)]).toMatchObject([403, { reason: 'methods-missing', methods: ['pwd', 'hwk'] }])
    await login('?method=hwk&method=user&method=pwd')
    expect((await browser.load('/keys')).status).toBe(200)
  })

  test('a form is not repeated as a page: the user returns to the page that sent it', async () => {
    const { browser, login, clock, origin, reached } = await serve()
    expect(seen(await browser.submit('/account', `${origin}/settings?tab=1`))).toEqual([
      303,
      back('/sign-in', '/settings?tab=1'),
    ])
    await login()
    clock.advance(6 * MINUTE)
    expect(seen(await browser.submit('/password', `${origin}/settings`))).toEqual([303, back('/confirm', '/settings')])
    expect(seen(await browser.submit('/password'))).toEqual([303, '/confirm'])
    expect(seen(await browser.submit('/devices', `${origin}/x`))).toEqual([303, back('/confirm', '/account')])
    expect(seen(await browser.submit('/password', `${origin}/confirm?returnTo=%2Fx`))).toEqual([303, '/confirm'])
    expect(reached()).toBe(0)
  })

  test('open redirect through Referer: only the path of a page of this host is used', async () => {
    const { browser, origin } = await serve()
    const { port } = new URL(origin)
    for (const from of [
      'https://evil.example/account',
      `http://127.0.0.1.evil.example:${port}/x`,
      `http://127.0.0.1:${port}@evil.example/x`,
      `http://127.0.0.1:${Number(port) + 1}/x`,
      `${origin}//evil.example/x`,
      `${origin}/%5cevil.example`,
      '//evil.example',
      '/settings',
      'null',
      'about:blank',
      'javascript:alert(1)',
    ]) {
      const sent = { ...NAVIGATION, 'sec-fetch-site': 'none', referer: from }
      expect([from, ...seen(await browser.send('POST', '/account', sent))]).toEqual([from, 303, '/sign-in'])
    }
  })

  test.each([
    '//evil.example/account',
    '//evil.example',
    '/.//evil.example',
    '/%2e//evil.example',
    '/%5c%5cevil.example',
    '/%2f%2fevil.example',
    '/x\\..\\evil',
    `/${'long'.repeat(1000)}`,
  ])('open redirect: the path %.30s of a request is not returned to', async (path) => {
    const { browser, reached } = await serve()
    const { status, headers } = await browser.load(path)
    // A router may refuse the path itself.
    if (status !== 303) expect([400, 404]).toContain(status)
    // Some routers resolve the path before anybody sees it, to one of this application.
    else expect(['/sign-in', back('/sign-in', '/evil')]).toContain(headers.location)
    expect(reached()).toBe(0)
  })

  test('a forged host or scheme changes nothing: the redirect is a path', async () => {
    const { browser } = await serve()
    const forged = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'javascript',
      forwarded: 'host=evil.example',
    }
    expect(seen(await browser.load('/account', forged))).toEqual([303, back('/sign-in', '/account')])
  })

  test('forged headers: none of them opens a page', async () => {
    const { browser, reached } = await serve()
    const values: Record<string, readonly string[]> = {
      accept: ['text/html', 'text/html;q=0', 'application/json', '*/*', `${'text/html,'.repeat(500)}`, ',;,;q='],
      'sec-fetch-mode': ['navigate', 'cors', 'websocket', 'x'],
      'sec-fetch-dest': ['document', 'empty', ''],
      'x-requested-with': ['XMLHttpRequest', ''],
      'hx-request': ['true', 'false', '1'],
      'hx-current-url': ['https://evil.example', 'x'],
      authorization: ['Bearer x', 'DPoP x', 'Basic eDp5', 'Bearer'],
      'x-http-method-override': ['GET'],
      'x-original-url': ['/sign-in'],
      referer: ['x'],
    }
    for (const path of PROTECTED) {
      for (const [header, texts] of Object.entries(values)) {
        for (const text of texts) {
          const { status, body } = await browser.send('GET', path, { [header]: text })
          expect([303, 401], `${path} ${header}: ${text}`).toContain(status)
          expect(body).not.toContain('reached')
        }
      }
    }
    expect(reached()).toBe(0)
  }, 60_000)

  test.each([
    ['an old browser', { accept: NAVIGATION.accept }, 303],
    ['Node’s fetch that asks for a page', { accept: 'text/html', 'sec-fetch-mode': 'cors' }, 303],
    ['a script that asks for HTML', { ...SCRIPT, accept: 'text/html' }, 401],
    ['an old script', { accept: 'text/html, */*; q=0.01', 'x-requested-with': 'XMLHttpRequest' }, 401],
    ['a client that refuses HTML', { accept: 'text/html;q=0, application/json' }, 401],
    ['a client that refuses HTML, with more digits', { accept: 'TEXT/HTML ; q=0.00' }, 401],
    ['a client that likes HTML a little', { accept: 'application/json, text/html;q=0.1' }, 303],
    ['a frame', { ...NAVIGATION, 'sec-fetch-dest': 'iframe' }, 303],
    ['an image', { ...NAVIGATION, 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }, 401],
  ] as [string, Record<string, string>, number][])('%s', async (_, headers, status) => {
    const { browser } = await serve()
    expect((await browser.send('GET', '/account', headers)).status).toBe(status)
  })

  test('htmx loads the page to sign in as a whole, and returns to the page around the fragment', async () => {
    const { browser, origin } = await serve()
    const sent = { ...SCRIPT, 'hx-request': 'true' }
    const got = await browser.send('GET', '/account', { ...sent, 'hx-current-url': `${origin}/home?x=1` })
    expect([...seen(got), got.headers['hx-redirect']]).toEqual([401, undefined, back('/sign-in', '/home?x=1')])
    const foreign = { ...sent, 'sec-fetch-site': 'none', 'hx-current-url': 'https://evil.example/x' }
    expect((await browser.send('POST', '/account', foreign)).headers['hx-redirect']).toBe('/sign-in')
    expect((await browser.send('GET', '/api', sent)).headers['hx-redirect']).toBeUndefined()
  })

  test('a script learns the page that it can open, with the way back', async () => {
    const { browser, origin } = await serve()
    const got = await browser.send('POST', '/account', { ...SCRIPT, origin, referer: `${origin}/home` })
    expect([problemOf(got).page, got.headers['hx-redirect']]).toEqual([back('/sign-in', '/home'), undefined])
  })

  test('cached redirect: no cache keeps any answer, and each names what it depends on', async () => {
    const { browser, login, clock } = await serve()
    const answers = [await browser.load('/account'), await browser.send('GET', '/account', SCRIPT)]
    await login()
    clock.advance(6 * MINUTE)
    answers.push(await browser.load('/password'), await browser.send('GET', '/password', SCRIPT))
    for (const { headers } of answers) {
      expect(headers['cache-control']).toBe('no-store')
      const vary = String(headers.vary)
        .toLowerCase()
        .split(/\s*,\s*/)
        .sort()
      expect(vary).toEqual(['accept', 'cookie', 'hx-request', 'origin', 'sec-fetch-mode'])
    }
    // The page itself is private too: *back* after a logout loads it again.
    expect((await browser.load('/account')).headers['cache-control']).toBe('no-store')
  })

  test('a refused visitor gets no cookie, and nothing is stored', async () => {
    const { browser } = await serve()
    for (const path of PROTECTED) expect((await browser.load(path)).headers['set-cookie']).toBeUndefined()
  })

  test('redirect loops: a page that sends users to itself reports the mistake', async () => {
    const { browser, login } = await serve()
    const got = await browser.load('/itself?x=1')
    expect([got.status, got.body]).toEqual([500, expect.stringContaining('requireUser protects /itself')])
    // A form may lead to the page that shows it.
    expect(seen(await browser.submit('/itself'))).toEqual([303, '/itself'])
    await login()
    expect((await browser.load('/itself')).status).toBe(200)
  })

  test('redirect loops: two pages that send users to each other end after one round', async () => {
    const { browser } = await serve()
    const paths = await browser.follow('/one')
    expect(paths).toEqual(['/one', back('/two', '/one')])
    expect((await browser.load(paths[1] ?? '')).status).toBe(401)
  })

  test('a chain of pages leads back through all of them', async () => {
    const { browser } = await serve()
    expect(seen(await browser.load(back('/anything', '/password')))).toEqual([
      303,
      back('/sign-in', back('/anything', '/password')),
    ])
  })

  test('bearer clients get 401 with the challenge of RFC 9470, and no page', async () => {
    const { browser, clock } = await serve([bearer, cookieCarrier()])
    const bare = await browser.send('GET', '/api', {})
    expect([bare.status, bare.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    const wrong = await browser.load('/account', { authorization: 'Bearer wrong' })
    expect(seen(wrong)).toEqual([401, undefined])
    expect(wrong.headers['www-authenticate']).toBe('Bearer error="invalid_token", error_description="Sign in first."')

    const login = await browser.send('POST', '/login?assurance=aal1', { authorization: 'Bearer wrong' })
    const authorization = `Bearer ${login.headers['x-token']}`
    const load = (path: string, more = {}) => browser.send('GET', path, { authorization, ...more })
    expect((await load('/account')).body).toBe('ada reached it')
    const low = await load('/transfer', NAVIGATION)
    expect([low.status, low.headers['www-authenticate'], problemOf(low)]).toEqual([
      401,
      expect.stringMatching(
        /^Bearer error="insufficient_user_authentication", acr_values="aal2", error_description="[^"\\]+"$/,
      ),
      expect.objectContaining({ status: 401, reason: 'assurance-too-low', assurance: ['aal2'] }),
    ])
    expect(problemOf(low)).not.toHaveProperty('page')
    expect((await load('/levels')).headers['www-authenticate']).toContain('acr_values="silver gold"')
    clock.advance(6 * MINUTE)
    expect((await load('/password')).headers['www-authenticate']).toMatch(
      /^Bearer error="insufficient_user_authentication", max_age="300", error_description=/,
    )
    const dpop = await load('/password', { authorization: authorization.replace('Bearer', 'DPoP') })
    expect(dpop.headers['www-authenticate']).toMatch(/^DPoP error="insufficient_user_authentication", max_age="300"/)
  })

  test('without a token, a bearer client gets a challenge without an error, and a cookie that proves too little gets none', async () => {
    const alone = (await serve([bearer])).browser
    for (const headers of [{}, NAVIGATION]) {
      const got = await alone.send('GET', '/account', headers)
      expect([got.status, got.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    }
    // As with HTTP's own passwords, which browsers attach by themselves.
    const basic = (await serve([{ ...bearer, ambient: true }])).browser
    expect((await basic.load('/account')).status).toBe(303)
    const { browser, login } = await serve([bearer, cookieCarrier()])
    await login()
    const got = await browser.send('GET', '/transfer', SCRIPT)
    expect([got.status, got.headers['www-authenticate']]).toEqual([403, undefined])
  })

  test(`an unrelated Authorization header is no bearer client`, async () => {
    const { browser } = await serve()
    expect(seen(await browser.load('/account', { authorization: 'Bearer gateway' }))).toEqual([
      303,
      back('/sign-in', '/account'),
    ])
    expect(
      (await browser.send('GET', '/api', { authorization: 'Bearer gateway' })).headers['www-authenticate'],
    ).toBeUndefined()
  })

  test('a WebSocket handshake is no page', async () => {
    const { browser } = await serve()
    const offer = { accept: 'text/html', connection: 'keep-alive', upgrade: 'websocket' }
    expect((await browser.send('GET', '/account', offer)).status).toBe(401)
  })
})
