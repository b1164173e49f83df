import type { Recipe } from '@sojourn/audit'
import { describe, expect, test, vi } from 'vitest'
import { audit, findings, leaksIn, verdicts } from './support/audit.ts'
import { cookieApp } from './support/cookie-app.ts'
import type { App } from './support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('fixation', () => {
  test('a careful application is not accused', async () => {
    expect(verdicts(await audit(cookieApp(), ['fixation']))).toEqual({
      'fixation/kept id': 'pass',
      'fixation/given id': 'pass',
      'fixation/planted id': 'pass',
    })
  })

  test('an id that is kept at login, and is the login, is found as kept and as given', async () => {
    expect(verdicts(await audit(cookieApp({ keepsId: true }), ['fixation']))).toEqual({
      'fixation/kept id': 'fail',
      'fixation/given id': 'fail',
      'fixation/planted id': 'pass',
    })
  })

  test('an id that the server takes from anybody is found as planted, in each run anew', async () => {
    const app = cookieApp({ adopts: true })
    for (let run = 0; run < 2; run++) {
      expect(verdicts(await audit(app, ['fixation']))).toMatchObject({ 'fixation/planted id': 'fail' })
    }
  })

  test('an id that is kept but opens nothing alone is no fixation', async () => {
    expect(verdicts(await audit(cookieApp({ carriers: 'kept id beside it' }), ['fixation']))).toEqual({
      'fixation/kept id': 'pass',
      'fixation/given id': 'pass',
      'fixation/planted id': 'pass',
    })
  })

  test('each failure is proved by commands without secrets', async () => {
    const report = await audit(cookieApp({ keepsId: true }), ['fixation'])
    const failed = findings(report).filter(({ verdict }) => verdict === 'fail')
    for (const { evidence = [] } of failed) {
      const [first] = evidence
      expect(first?.curl.join('\n')).toMatch(/curl -i -X POST .*password=\$\{PASSWORD\}/)
      expect(first?.curl.at(-1)).toMatch(/cookie: sid=\$\{(SID|PLANTED)/)
      expect(first?.variables.map(({ name }) => name)).toContain('PASSWORD')
    }
    expect(leaksIn(report)).toEqual([])
  })
})

describe('carriers', () => {
  const carriersOf = async (app: ReturnType<typeof cookieApp>) =>
    findings(await audit(app, ['carriers'])).map(({ about }) => about)

  test('two cookies that each suffice are found', async () => {
    expect(await carriersOf(cookieApp({ carriers: 'either' }))).toEqual(['cookie sid', 'cookie auth'])
  })

  test('two cookies that suffice only together are found', async () => {
    expect(await carriersOf(cookieApp({ carriers: 'both' }))).toEqual(['cookie sid and cookie auth'])
  })

  test('a cookie that takes no part in the login is left out', async () => {
    expect(await carriersOf(cookieApp({ carriers: 'kept id beside it' }))).toEqual(['cookie auth'])
  })

  test('cookies that are bound to a path are sent there', async () => {
    const report = await audit(cookieApp({ base: '/shop' }), ['carriers', 'logout-ends-session'], {
      recipe: {
        login: [{ get: '/shop/login' }, { post: '/shop/login', form: { name: '${user}', password: '${password}' } }],
        loggedIn: { get: '/shop/account' },
        logout: [{ get: '/shop/logout' }],
      },
    })
    expect(report.untrusted).toBeNull()
    expect(verdicts(report)).toEqual({ 'carriers/cookie sid': 'inform', 'logout-ends-session/logout': 'pass' })
  })
})

describe('logout', () => {
  test('a session that ends on the server is not accused', async () => {
    expect(verdicts(await audit(cookieApp(), ['logout-ends-session']))).toEqual({
      'logout-ends-session/logout': 'pass',
    })
  })

  test('a cookie that is only taken away is found', async () => {
    expect(verdicts(await audit(cookieApp({ logout: 'nothing' }), ['logout-ends-session']))).toEqual({
      'logout-ends-session/logout': 'fail',
    })
  })

  test('a second cookie that outlives the logout is found, and named', async () => {
    const report = await audit(cookieApp({ carriers: 'either', logout: 'session' }), ['logout-ends-session'])
    const [finding] = findings(report)
    expect(finding?.verdict).toBe('fail')
    expect(finding?.detail).toContain('cookie auth')
    expect(finding?.detail).not.toContain('cookie sid')
  })

  test('a cookie that is overwritten in place of being deleted counts as taken away', async () => {
    const report = await audit(cookieApp({ replacesAtLogout: true }), ['logout-ends-session'])
    expect(verdicts(report)).toEqual({ 'logout-ends-session/logout': 'pass' })
  })

  test('a logout link with a nonce is read from the page each time', async () => {
    const report = await audit(cookieApp({ logoutNonce: true }), ['logout-ends-session'])
    expect(report.application.source).toBe('discovery')
    expect(verdicts(report)).toEqual({ 'logout-ends-session/logout': 'pass' })
    expect(report.leftBehind).toEqual([])
  })

  test('a server that breaks when the copy is presented has not refused it', async () => {
    const app = cookieApp()
    let over = 0
    const breaks: App = async (ask) => {
      if (ask.path === '/logout') over++
      const reply = await app(ask)
      // The logout of the check is the second: the first is how it is known that there is one.
      return over > 2 && ask.path === '/account' && reply.to !== undefined ? { status: 503, html: 'soon' } : reply
    }
    expect(verdicts(await audit(breaks, ['logout-ends-session']))).toEqual({
      'logout-ends-session/logout': 'cannot-judge',
    })
  })

  test('a recipe whose logout puts nobody out gives no verdict on logout', async () => {
    const report = await audit(cookieApp(), ['logout-ends-session'], {
      recipe: {
        login: [{ post: '/login', form: { name: '${user}', password: '${password}' } }],
        loggedIn: { get: '/account' },
        logout: [{ get: '/' }],
      },
    })
    expect(verdicts(report)).toEqual({ 'logout-ends-session/check': 'cannot-judge' })
  })
})

describe('the logged-in check is judged first', () => {
  const login = [{ post: '/login', form: { name: '${user}', password: '${password}' } }]

  test('a page that strangers see gives no verdict at all', async () => {
    const report = await audit(cookieApp({ open: true }), ['fixation'], {
      recipe: { login, loggedIn: { get: '/account' } },
    })
    expect(report.untrusted).toContain('never logged in')
    expect(verdicts(report)).toEqual({ 'fixation/check': 'cannot-judge' })
  })

  test('an application that takes any cookie for a login gives no verdict', async () => {
    const report = await audit(cookieApp({ believesAnything: true }), ['fixation'], {
      recipe: { login, loggedIn: { get: '/account' } },
    })
    expect(report.untrusted).toContain('made-up credential')
  })

  test('a wrong password gives no verdict, with the reason', async () => {
    const report = await audit(cookieApp(), ['fixation'], {
      recipe: { login, loggedIn: { get: '/account' } },
      user: { name: 'alice', password: 'not the password' },
    })
    expect(report.untrusted).toContain('after the login')
  })
})

test('an audit leaves no session of its own alive', async () => {
  const report = await audit(cookieApp(), ['concurrent-sessions', 'fixation'])
  expect(report.leftBehind).toEqual([])
})

describe('an application that allows one session a user', () => {
  const app = () => cookieApp({ oneSession: true, sameSite: null, forgery: 'none' })
  const recipe: Recipe = {
    login: [{ post: '/login', form: { name: '${user}', password: '${password}' } }],
    loggedIn: { get: '/account' },
    logout: [{ get: '/logout' }],
    passwordChange: { steps: [{ post: '/password', form: { current: '${password}', next: '${newPassword}' } }] },
    action: { steps: [{ post: '/nickname', form: { nickname: '${value}' } }], effect: { get: '/account' } },
  }

  test('is judged by sessions that are alive when they are judged', async () => {
    const report = await audit(
      app(),
      ['fixation', 'concurrent-sessions', 'logout-ends-session', 'cross-site-requests', 'password-change'],
      {
        recipe,
        allowChanges: true,
      },
    )
    expect(verdicts(report)).toMatchObject({
      'fixation/kept id': 'pass',
      'concurrent-sessions/sessions at once': 'pass',
      'logout-ends-session/logout': 'pass',
      'cross-site-requests/other sites': 'fail',
      'password-change/change': 'cannot-judge',
    })
  })
})

test('an application that limits logins is not judged from then on', async () => {
  const report = await audit(cookieApp({ mostLogins: 4 }), ['fixation', 'logout-ends-session'])
  const given = new Set(findings(report).map(({ verdict }) => verdict))
  expect(given).toContain('cannot-judge')
  expect(given).not.toContain('fail')
  expect(JSON.stringify(report)).toContain('429')
})
