import { describe, expect, test, vi } from 'vitest'
import { audit, leaksIn, verdicts } from '../support/audit.ts'
import { ALICE } from '../support/cookie-app.ts'
import type { App } from '../support/web.ts'
import { basic, passwordGrant, refusesRoughly, saysYes, scripted, slashed, wantsOrigin } from './manners.ts'

vi.setConfig({ testTimeout: 60_000 })

const found = async (app: App) => (await audit(app, [], { timeoutMs: 1_000 })).application

describe('a login is found', () => {
  test('where scripts alone name it, and other addresses never answer', async () => {
    expect(await found(scripted())).toMatchObject({
      login: 'POST /api/v9/door/authenticate',
      loggedInCheck: 'GET /api/v9/door/people answers 200 with "${user}"',
      logout: 'GET /api/v9/door/logout',
      carriers: ['cookie sid'],
    })
  })

  test('where it is the password grant of OAuth, and tokens are revoked by name', async () => {
    expect(await found(passwordGrant())).toMatchObject({
      login: 'POST /door/token',
      logout: 'POST /door/revoke',
      carriers: ['bearer token at access_token'],
    })
    const report = await audit(passwordGrant(), ['logout-ends-session'])
    expect(verdicts(report)).toEqual({ 'logout-ends-session/logout': 'pass' })
    expect(report.leftBehind).toEqual([])
  })

  test('where addresses end in a slash, with the refresh and the logout beside it', async () => {
    expect(await found(slashed())).toMatchObject({ login: 'POST /api/token/', logout: 'POST /api/token/blacklist/' })
    expect(verdicts(await audit(slashed(), ['refresh-rotation', 'logout-ends-session']))).toEqual({
      'refresh-rotation/second use': 'pass',
      'refresh-rotation/family': 'fail',
      'logout-ends-session/logout': 'fail',
      'logout-ends-session/refresh after logout': 'pass',
    })
  })

  test('where the browser asks for the password, and a session is given out', async () => {
    const report = await audit(basic('sessions'), ['fixation', 'cookie-attributes'])
    expect(report.application.carriers).toEqual(['cookie sid'])
    expect(leaksIn(report)).toEqual([])
    expect(JSON.stringify(report)).not.toContain(Buffer.from(`${ALICE.name}:${ALICE.password}`).toString('base64'))
  })

  test('where requests must send their origin, and a value called token is no token', async () => {
    const report = await audit(wantsOrigin(), ['new-login-ends-old', 'fixation'])
    expect(report.application).toMatchObject({ logout: 'POST /api/auth/sign-out', carriers: ['cookie sid'] })
    expect(verdicts(report)).toMatchObject({
      'new-login-ends-old/second login': 'fail',
      'fixation/planted id': 'pass',
    })
  })
})

describe('the way out is found', () => {
  test("where a script sends it, and a request without it ends the browser's session", async () => {
    expect((await found(refusesRoughly())).logout).toBe('GET /my, POST ${way_out}')
  })

  test('where a page asks once more', async () => {
    expect((await found(refusesRoughly({ confirms: true }))).logout).toBe('GET /logout, POST /logout')
  })

  test('and is not made up, where every address says yes', async () => {
    expect((await found(saysYes())).logout).toBeNull()
  })
})

describe('where no login is found, it says what helps', () => {
  test('with HTTP Basic authentication there may be no session at all', async () => {
    await expect(found(basic('nothing'))).rejects.toThrow(/HTTP Basic.*there is no session to audit/)
  })

  test('pages that scripts build are for a browser', async () => {
    const app: App = ({ path }) => (path === '/' ? { html: '<script src=/a.js></script>' } : { status: 404, html: '' })
    await expect(found(app)).rejects.toThrow(/record/)
  })

  test('servers that let guesses wait are not guessed at for long', async () => {
    let waiting = 0
    const app: App = ({ method }) => {
      if (method === 'GET') return { html: '' }
      waiting += 1
      return new Promise(() => {})
    }
    await expect(found(app)).rejects.toThrow(/found no way to log in/)
    expect(waiting).toBe(2)
  })
})
