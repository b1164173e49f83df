import { checks, type Recipe } from '@sojourn/audit'
import { describe, expect, test, vi } from 'vitest'
import { audit, auditWatched, findings, verdicts } from './support/audit.ts'
import { ALICE, type CookieSwitches, cookieApp } from './support/cookie-app.ts'
import { serveTls } from './support/serve.ts'
import { type Ask, listenerOf } from './support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

const recipe: Recipe = {
  login: [{ get: '/login' }, { post: '/login', form: { name: '${user}', password: '${password}' } }],
  loggedIn: { get: '/account', text: '${user}' },
  logout: [{ get: '/logout' }],
  passwordChange: { steps: [{ post: '/password', form: { current: '${password}', next: '${newPassword}' } }] },
  action: {
    steps: [{ post: '/nickname', form: { nickname: '${value}' } }],
    effect: { get: '/account' },
  },
}

const withToken: Recipe = {
  ...recipe,
  action: {
    steps: [
      { get: '/account', extract: { token: { field: 'token' } } },
      { post: '/nickname', form: { nickname: '${value}', token: '${token}' } },
    ],
    effect: { get: '/account' },
  },
}

describe('forged requests of other sites', () => {
  const judge = async (switches: CookieSwitches, given = recipe) =>
    verdicts(await audit(cookieApp(switches), ['cross-site-requests'], { recipe: given, allowChanges: true }))

  test('only SameSite=Lax keeps them out: reported, but not as a failure', async () => {
    expect(await judge({ forgery: 'none' })).toEqual({
      'cross-site-requests/other sites': 'inform',
      'cross-site-requests/hosts of the same site': 'inform',
    })
  })

  test('without SameSite, as Firefox and Safari see it, they take effect', async () => {
    expect(await judge({ forgery: 'none', sameSite: null })).toMatchObject({
      'cross-site-requests/other sites': 'fail',
    })
  })

  test('with SameSite=None they take effect', async () => {
    const none = { forgery: 'none', sameSite: 'None', attributes: '; Secure' } as const
    expect(await judge(none)).toMatchObject({ 'cross-site-requests/other sites': 'fail' })
  })

  test('a change on GET takes effect in spite of SameSite=Lax', async () => {
    expect(await judge({ forgery: 'none', takesGet: true })).toMatchObject({
      'cross-site-requests/other sites': 'fail',
    })
  })

  test('SameSite=Strict keeps back links too', async () => {
    const strict = { forgery: 'none', takesGet: true, sameSite: 'Strict' } as const
    expect(await judge(strict)).toMatchObject({ 'cross-site-requests/other sites': 'inform' })
  })

  test('a look at the origin refuses them, with SameSite and without', async () => {
    for (const sameSite of ['Lax', null] as const) {
      expect(await judge({ forgery: 'origin', sameSite })).toEqual({
        'cross-site-requests/other sites': 'pass',
        'cross-site-requests/hosts of the same site': 'pass',
      })
    }
  })

  test('a page of the same host over plain HTTP gets in where only hosts are compared, unless browsers use TLS only', async () => {
    for (const [header, verdict] of [
      ['', 'inform'],
      ['max-age=0', 'inform'],
      ['max-age=31536000', 'pass'],
    ]) {
      const app = listenerOf(cookieApp({ forgery: 'origin', attributes: '; Secure' }))
      const served = await serveTls((request, response) => {
        if (header) response.setHeader('strict-transport-security', header)
        app(request, response)
      })
      try {
        const report = await auditWatched({
          target: served.url,
          user: ALICE,
          recipe,
          allowChanges: true,
          insecureTls: true,
          rate: 10_000,
          checks: checks.filter(({ id }) => id === 'cross-site-requests'),
        })
        expect(verdicts(report)).toEqual({
          'cross-site-requests/other sites': 'pass',
          'cross-site-requests/hosts of the same site': verdict,
        })
      } finally {
        await served.close()
      }
    }
  })

  test('a token bound to the session refuses them', async () => {
    expect(await judge({ forgery: 'token', sameSite: null }, withToken)).toEqual({
      'cross-site-requests/other sites': 'pass',
      'cross-site-requests/hosts of the same site': 'pass',
    })
  })

  test('a token that is good in any session lets the attacker’s own through', async () => {
    const report = await audit(cookieApp({ forgery: 'token not bound', sameSite: null }), ['cross-site-requests'], {
      recipe: withToken,
      allowChanges: true,
    })
    const [finding] = findings(report)
    expect(finding?.verdict).toBe('fail')
    expect(finding?.detail).toContain('a token of the attacker’s own')
  })

  test('an action that does not work as it is meant proves nothing', async () => {
    const broken: Recipe = { ...recipe, action: { steps: [{ post: '/nowhere' }], effect: { get: '/account' } } }
    expect(await judge({}, broken)).toEqual({ 'cross-site-requests/action': 'cannot-judge' })
  })

  test('an effect that is there before proves nothing', async () => {
    const effect = { get: '/account', text: 'called' }
    expect(await judge({}, { ...recipe, action: { steps: recipe.action?.steps ?? [], effect } })).toEqual({
      'cross-site-requests/action': 'cannot-judge',
    })
  })

  test('nothing is changed without permission', async () => {
    const report = await audit(cookieApp(), ['cross-site-requests', 'password-change'], { recipe })
    expect(verdicts(report)).toEqual({
      'cross-site-requests/check': 'cannot-judge',
      'password-change/check': 'cannot-judge',
    })
    expect(report.timeline.filter(({ request }) => /nickname|\/password/.test(request.url))).toEqual([])
  })
})

describe('a changed password', () => {
  test('ends the other sessions, and is put back', async () => {
    const app = cookieApp()
    const report = await audit(app, ['password-change'], { recipe, allowChanges: true })
    expect(verdicts(report)).toMatchObject({ 'password-change/other session': 'pass' })
    expect(app.password()).toBe(ALICE.password)
    expect(report.leftBehind).toEqual([])
  })

  test('that leaves other sessions alive is found', async () => {
    const report = await audit(cookieApp({ passwordChange: 'ends none' }), ['password-change'], {
      recipe,
      allowChanges: true,
    })
    expect(verdicts(report)).toMatchObject({ 'password-change/other session': 'fail' })
  })

  test('is put back when the audit is interrupted in the middle of it', async () => {
    const app = cookieApp()
    const interrupted = new AbortController()
    const report = await audit(app, ['password-change'], {
      recipe,
      allowChanges: true,
      signal: interrupted.signal,
      onExchange: ({ request }) => {
        if (request.url.endsWith('/password')) interrupted.abort(new Error('interrupted'))
      },
    })
    expect(app.password()).toBe(ALICE.password)
    expect(report.leftBehind).toEqual([])
    expect(verdicts(report)).toEqual({ 'password-change/change': 'cannot-judge' })
  })

  test('is put back late where the application limits its logins', async () => {
    const app = cookieApp()
    let limited = 0
    let changed = false
    const limiting = (ask: Ask) => {
      changed ||= app.password() !== ALICE.password
      if (ask.path !== '/login' || ask.method !== 'POST' || !changed) return app(ask)
      // The first login after the change is that of the check.
      limited++
      return limited > 1 && limited < 4 ? { status: 429, headers: { 'retry-after': '1' } } : app(ask)
    }
    const report = await audit(limiting, ['password-change'], { recipe, allowChanges: true })
    expect(limited).toBeGreaterThan(3)
    expect(app.password()).toBe(ALICE.password)
    expect(report.leftBehind).toEqual([])
  })

  test('that cannot be restored is reported, without a secret', async () => {
    const app = cookieApp()
    const strict = Object.assign((ask: Parameters<typeof app>[0]) => {
      const isRestore = ask.path === '/password' && ask.body.next === ALICE.password
      return isRestore ? { status: 422, html: 'you have had that one' } : app(ask)
    }, app)
    const report = await audit(strict, ['password-change'], { recipe, allowChanges: true })
    expect(report.leftBehind.join()).toContain('the old one followed by -Aud1t!')
    expect(JSON.stringify(report)).not.toContain(ALICE.password)
    expect(app.password()).toBe(`${ALICE.password}-Aud1t!`)
  })
})
