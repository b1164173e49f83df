import { auditApplication, checks, type Report } from '@sojourn/audit'
import { describe, expect, test, vi } from 'vitest'
import { cookieRecipe } from './gallery/recipes.ts'
import { findings, verdicts } from './support/audit.ts'
import { ALICE, cookieApp } from './support/cookie-app.ts'
import { type LoginLimit, limitsLogins } from './support/login-limits.ts'
import { serve } from './support/serve.ts'
import { type App, listenerOf, type Reply } from './support/web.ts'

vi.setConfig({ testTimeout: 120_000 })

/** No visitor gets an id, so that samples have to be logins. */
const withoutVisitors =
  (app: App): App =>
  async (ask) => {
    const reply = await app(ask)
    return ask.method === 'GET' && ['/', '/login'].includes(ask.path) && reply.cookies !== undefined
      ? { ...reply, cookies: [] }
      : reply
  }

function limited(limit: LoginLimit) {
  const inner = cookieApp({ forgery: 'token', renewsAtPasswordChange: true })
  return { inner, app: limitsLogins(limit)(withoutVisitors(inner)) }
}

async function audits(app: App, times: number, request: object = {}): Promise<Report[]> {
  const served = await serve(listenerOf(app))
  const reports: Report[] = []
  try {
    for (let i = 0; i < times; i++) {
      reports.push(
        await auditApplication({
          target: served.url,
          user: ALICE,
          recipe: cookieRecipe,
          allowChanges: true,
          rate: 10_000,
          checks,
          ...request,
        }),
      )
    }
    return reports
  } finally {
    await served.close()
  }
}

const TOO_MANY: Reply = { status: 429, headers: { 'retry-after': '600' }, html: 'too many' }
const AGAIN: Reply = {
  html: '<p>Too many attempts.</p><form method="post"><input type="password" name="password"></form>',
}

const MATTERS = {
  'logout-ends-session/logout': 'pass',
  'fixation/kept id': 'pass',
  'fixation/given id': 'pass',
  'fixation/planted id': 'pass',
  'password-change/other session': 'pass',
}

describe('an application that limits logins', () => {
  test('two audits of it in a row, by default, take fewer than an hour’s worth of logins together', async () => {
    const { app } = limited({ most: 60, reply: TOO_MANY })
    for (const report of await audits(app, 2)) {
      expect(report.application.loginLimit).toBeUndefined()
      expect(verdicts(report)).toMatchObject({ ...MATTERS, 'token-strength/cookie sid': 'pass' })
    }
    expect(app.tries()).toBeLessThan(60)
  })

  test.each([
    ['429 and Retry-After', TOO_MANY],
    ['the login page and an error', AGAIN],
    ['401', { status: 401, html: 'no' }],
  ] as const)('after ten, with %s: what matters most is judged, and nothing is left', async (_, reply) => {
    const { app, inner } = limited({ most: 10, reply })
    const [report] = await audits(app, 1)
    if (report === undefined) throw new Error('no report')
    expect(report.untrusted).toBeNull()
    expect(verdicts(report)).toMatchObject(MATTERS)
    expect(findings(report).filter(({ verdict }) => verdict === 'fail')).toEqual([])
    expect(report.application.loginLimit).toContain('after 10 logins')
    expect(report.leftBehind).toEqual([])
    expect(inner.password()).toBe(ALICE.password)
    // It is not asked again and again.
    expect(app.tries()).toBeLessThanOrEqual(12)
  })

  test('says exactly when a second audit may be made', async () => {
    const { app } = limited({ most: 10, reply: TOO_MANY })
    const [, second] = await audits(app, 2)
    expect(second?.untrusted).toMatch(
      /logins are limited.* answered 429.* in 10 min, from \d{4}-.* UTC.*--patience 11m/,
    )
    expect(second?.leftBehind).toEqual([])
  })

  test('is waited for if the server announces a short wait', async () => {
    const { app } = limited({ most: 12, windowMs: 1500, reply: { ...TOO_MANY, headers: { 'retry-after': '2' } } })
    const [report] = await audits(app, 1, { samples: 26 })
    expect(verdicts(report as Report)).toMatchObject({ ...MATTERS, 'logout-everywhere/other session': 'pass' })
    expect(app.tries()).toBeGreaterThan(20)
  })

  test('by locking the account after wrong passwords is not triggered', async () => {
    const { app, inner } = limited({ most: 3, counts: 'wrong', reply: { status: 403, html: 'locked' } })
    const [report] = await audits(app, 1)
    expect(app.isLimited()).toBe(false)
    expect(verdicts(report as Report)).toMatchObject(MATTERS)
    expect(inner.password()).toBe(ALICE.password)
  })

  test('in the middle of a password change: the session that changed it restores it', async () => {
    for (const most of [6, 7, 8]) {
      const { app, inner } = limited({ most, reply: { ...TOO_MANY, headers: { 'retry-after': '1' } }, windowMs: 1000 })
      const [report] = await audits(app, 1)
      expect(inner.password()).toBe(ALICE.password)
      expect(report?.leftBehind).toEqual([])
    }
  })

  test('is reported during discovery, too', async () => {
    const { app } = limited({ most: 0, reply: TOO_MANY })
    const served = await serve(listenerOf(app))
    const looked = auditApplication({ target: served.url, user: ALICE, checks: [] })
    await expect(looked).rejects.toThrow(/logins are limited: one was answered 429. Try again in 10 min/)
    await served.close()
  })
})
