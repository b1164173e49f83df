import { auditApplication, checks } from '@sojourn/audit'
import { describe, expect, test, vi } from 'vitest'
import { audit, findings, leaksIn, notGivenIn, verdicts } from './support/audit.ts'
import { type BearerSwitches, bearerApp } from './support/bearer-app.ts'
import { ALICE } from './support/cookie-app.ts'
import { serve } from './support/serve.ts'
import { listenerOf } from './support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

const judge = async (switches: BearerSwitches, ...only: string[]) => verdicts(await audit(bearerApp(switches), only))

describe('an application with bearer tokens', () => {
  test('is found and understood without a recipe', async () => {
    const { application, leftBehind } = await audit(bearerApp(), ['carriers'])
    expect(application).toMatchObject({
      source: 'discovery',
      login: 'POST /auth/login',
      logout: 'POST /auth/logout',
      carriers: ['bearer token at access_token'],
    })
    expect(leftBehind).toEqual([])
  })

  test('that refuses the password is reported with its address', async () => {
    const served = await serve(listenerOf(bearerApp()))
    try {
      const asked = auditApplication({ target: served.url, user: { ...ALICE, password: 'not-this-one' } })
      await expect(asked).rejects.toThrow('POST /auth/login with username and password as JSON (answered 401)')
    } finally {
      await served.close()
    }
  })

  test('has no cookie to judge: those checks are not applicable, never passed', async () => {
    const ofCookies = checks.filter(({ needs }) => needs.includes('cookies')).map(({ id }) => id)
    const report = await audit(bearerApp(), ofCookies, { allowChanges: true })
    expect(ofCookies).toContain('fixation')
    expect(new Set(findings(report).map(({ verdict }) => verdict))).toEqual(new Set(['not-applicable']))
  })

  test('its report contains no token', async () => {
    const report = await audit(
      bearerApp({ takes: 'alg none' }),
      checks.map(({ id }) => id),
    )
    expect(leaksIn(report)).toEqual([])
  })
})

describe('forged JSON Web Tokens', () => {
  test.each([{ alg: 'HS256' }, { alg: 'RS256' }] as const)(
    'are refused by a careful application: %o',
    async (switches) => {
      expect(await judge(switches, 'jwt-attacks')).toEqual({ 'jwt-attacks/forged tokens': 'pass' })
    },
  )

  test.each([
    [{ takes: 'alg none' }, 'none'],
    [{ takes: 'jwk', alg: 'RS256' }, 'jwk'],
    [{ takes: 'public key as secret', alg: 'RS256' }, 'public key as secret'],
    [{ takes: 'kid' }, 'key id'],
  ] as const)('are found when taken: %o', async (switches, words) => {
    const [finding] = findings(await audit(bearerApp(switches), ['jwt-attacks']))
    expect(finding).toMatchObject({ verdict: 'fail', severity: 'critical' })
    expect(finding?.detail).toContain(words)
  })

  test('a signature that nobody looks at is found', async () => {
    expect(await judge({ takes: 'any signature' }, 'jwt-attacks')).toEqual({ 'jwt-attacks/signature': 'fail' })
  })
})

describe('logout of a bearer token', () => {
  test('that is put on a list is not accused', async () => {
    expect(await judge({}, 'logout-ends-session')).toEqual({
      'logout-ends-session/logout': 'pass',
      'logout-ends-session/refresh after logout': 'pass',
    })
  })

  test('that the server forgets about is found', async () => {
    expect(await judge({ logout: 'nothing' }, 'logout-ends-session')).toEqual({
      'logout-ends-session/logout': 'fail',
      'logout-ends-session/refresh after logout': 'fail',
    })
  })
})

describe('refresh tokens', () => {
  test.each([
    ['rotates', { 'second use': 'pass', family: 'pass' }],
    ['rotates with grace', { 'second use': 'inform', family: 'cannot-judge' }],
    ['family outlives reuse', { 'second use': 'pass', family: 'fail' }],
    ['works twice', { 'second use': 'fail', family: 'cannot-judge' }],
    ['never changes', { rotation: 'fail' }],
  ] as const)('%s', async (refresh, expected) => {
    const wanted = Object.entries(expected).map(([about, verdict]) => [`refresh-rotation/${about}`, verdict])
    expect(await judge({ refresh }, 'refresh-rotation')).toEqual(Object.fromEntries(wanted))
  })
})

describe('the commands of a failure', () => {
  test.each([
    ['refresh-rotation', { refresh: 'family outlives reuse' }],
    ['refresh-rotation', { refresh: 'works twice' }],
    ['refresh-rotation', { refresh: 'never changes' }],
    ['logout-ends-session', { logout: 'nothing' }],
  ] as const)('give out every token that they use: %s, %o', async (check, switches) => {
    const failures = findings(await audit(bearerApp(switches), [check])).filter(({ verdict }) => verdict === 'fail')
    expect(failures).not.toEqual([])
    expect(failures.flatMap(({ evidence }) => evidence).flatMap(notGivenIn)).toEqual([])
  })
})

describe('the end of a token', () => {
  test('that the server enforces is measured', async () => {
    const report = await audit(bearerApp({ expiresInSeconds: 2 }), ['timeouts'], { patienceMs: 4_000 })
    expect(verdicts(report)).toMatchObject({ 'timeouts/idle limit': 'pass', 'timeouts/absolute limit': 'pass' })
  })

  test('that is only written in it is found', async () => {
    const switches = { expiresInSeconds: 1, keepsExpired: true }
    const report = await audit(bearerApp(switches), ['timeouts'], { patienceMs: 6_500 })
    expect(verdicts(report)).toMatchObject({ 'timeouts/end by the client': 'fail' })
  }, 20_000)

  test('that is not waited for is not judged', async () => {
    expect(await judge({}, 'timeouts')).toEqual({ 'timeouts/limits': 'cannot-judge' })
  })
})
