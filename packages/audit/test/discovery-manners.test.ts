import { expect, test, vi } from 'vitest'
import { remembersName } from './gallery/php-manners.ts'
import { answers, takesFromPath, twisted } from './gallery/twists.ts'
import { audit, findings, leaksIn, verdicts } from './support/audit.ts'
import { cookieApp } from './support/cookie-app.ts'
import { type App, type Ask, newId } from './support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

const carriersOf = async (app: App) => findings(await audit(app, ['carriers'])).map(({ about }) => about)

test('the name that a login form remembers is not taken for a login', async () => {
  expect(await carriersOf(twisted(cookieApp(), remembersName))).toEqual(['cookie sid'])
})

test('an address that holds what is good for one session alone is asked for without it', async () => {
  const app = cookieApp()
  const tokens = new Map<string, string>()
  const bound: App = async (ask) => {
    const sid = ask.cookies.get('sid') ?? ''
    const token = ask.query.get('_token')
    if (ask.path === '/account' && token !== null && token !== tokens.get(sid)) return { to: '/login' }
    const reply = await app(ask)
    const [, given] = /^sid=([^;]+)/.exec(reply.cookies?.[0] ?? '') ?? []
    if (reply.to !== '/account' || given === undefined) return reply
    const made = `Qd7${given.slice(0, 24)}`
    tokens.set(given, made)
    return { ...reply, to: `/account?_token=${made}` }
  }
  const report = await audit(bound, ['logout-ends-session'])
  expect(report.application.loggedInCheck).toContain('GET /account answers')
  expect(verdicts(report)).toEqual({ 'logout-ends-session/logout': 'pass' })
})

test('an id in the address of the login form is left out of the login', async () => {
  const withId = answers((reply, { path }) => {
    const [, id] = /^sid=([^;]+)/.exec(reply.cookies?.[0] ?? '') ?? []
    return path === '/login' && id !== undefined && reply.html !== undefined
      ? { ...reply, html: reply.html.replace('action="/login"', `action="/login;sid=${id}"`) }
      : reply
  })
  const report = await audit(twisted(cookieApp(), takesFromPath, withId), ['carriers', 'exposure'])
  expect(report.application.login).toMatch(/, POST \/login$/)
  expect(verdicts(report)).toMatchObject({ 'exposure/taken from an address': 'fail' })
  expect(leaksIn(report)).toEqual([])
})

/** A logout whose link does nothing without the page's token against forged requests, which scripts add to it. */
const tokenLogout = (page: (token: string) => string, takes: (ask: Ask) => string | undefined): App => {
  const tokens = new Map<string, string>()
  const app = cookieApp()
  return async (ask) => {
    const sid = ask.cookies.get('sid') ?? ''
    if (ask.path === '/logout' && takes(ask) !== tokens.get(sid)) return { to: '/account' }
    const reply = await app(ask)
    if (ask.path !== '/account' || reply.html === undefined) return reply
    const token = tokens.get(sid) ?? newId()
    tokens.set(sid, token)
    return { ...reply, html: `${reply.html}${page(token)}` }
  }
}

test('a link that scripts send as a form, with the page’s token, is a logout', async () => {
  const app = tokenLogout(
    (token) => `<form method="post" action="/search"><input type="hidden" name="form_token" value="${token}"></form>`,
    ({ method, body }) => (method === 'POST' ? body.form_token : undefined),
  )
  const report = await audit(app, ['logout-ends-session'])
  expect(verdicts(report)).toEqual({ 'logout-ends-session/logout': 'pass' })
  expect(report.application.logout).toContain('POST')
  expect(leaksIn(report)).toEqual([])
})

test('a link that scripts add their token to is a logout', async () => {
  const app = tokenLogout(
    (token) => `<script>app.set({"request_token":"${token}","lang":"en"})</script>`,
    ({ query }) => query.get('_token') ?? undefined,
  )
  const withField = answers((reply, { path }) =>
    path === '/login' && reply.html !== undefined
      ? {
          ...reply,
          html: reply.html.replace('<input name', `<input type="hidden" name="_token" value="${newId()}"><input name`),
        }
      : reply,
  )
  const report = await audit(withField(app), ['logout-ends-session'])
  expect(verdicts(report)).toEqual({ 'logout-ends-session/logout': 'pass' })
  expect(leaksIn(report)).toEqual([])
})
