import { expect, test, vi } from 'vitest'
import { remembersName } from './gallery/php-manners.ts'
import { answers, takesFromPath, twisted } from './gallery/twists.ts'
import { audit, findings, leaksIn, verdicts } from './support/audit.ts'
import { cookieApp } from './support/cookie-app.ts'
import type { App } from './support/web.ts'

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
