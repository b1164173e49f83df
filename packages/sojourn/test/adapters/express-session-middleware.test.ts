import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AdapterServer } from '@sojourn/conformance'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { createSessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from './support/node-reply.ts'

// They have no types here.
const require = createRequire(import.meta.url)
const flash = require('connect-flash') as () => RequestHandler
const { Passport } = require('passport') as {
  Passport: new () => {
    use(strategy: object): void
    initialize(): RequestHandler
    session(): RequestHandler
    authenticate(name: string, options?: object): RequestHandler
  }
}
const OAuth2Strategy = require('passport-oauth2') as new (options: object, verify: () => void) => object

const servers: AdapterServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

/** An application with Sojourn and middleware made for express-session, and what its error handler got. */
async function serve(...handlers: RequestHandler[]) {
  const errors: (Error & { code?: string })[] = []
  const app = express()
  app.use(expressSessions(createSessions()))
  app.use(...handlers)
  const onError: ErrorRequestHandler = (error, _, res, __) => {
    errors.push(error)
    res.status(error.status ?? 500).end()
  }
  app.use(onError)
  const server = await listen(createServer(app))
  servers.push(server)
  return { errors, get: () => fetch(server.origin, { redirect: 'manual' }) }
}

describe('middleware made for express-session fails loudly, at the line that would have lost its state', () => {
  test('Passport with OAuth 2 and `state: true`: not with a 403 at the callback, one redirect later', async () => {
    const passport = new Passport()
    const authorizationURL = 'https://login.example/authorize'
    const options = { authorizationURL, tokenURL: authorizationURL, clientID: 'x', clientSecret: 'y', state: true }
    passport.use(new OAuth2Strategy(options, () => {}))
    const { errors, get } = await serve(passport.authenticate('oauth2', { session: false }))
    expect((await get()).status).toBe(500)
    expect(errors).toMatchObject([{ name: 'SessionError', code: 'ERR_MISUSE' }])
    expect(errors[0]?.message).toContain('session["oauth2:login.example"]')
    expect(errors[0]?.stack).toContain('passport-oauth2')
  })

  test('connect-flash', async () => {
    const { errors, get } = await serve(flash(), (req, res) => {
      ;(req as never as { flash(type: string, text: string): void }).flash('info', 'Saved.')
      res.end()
    })
    expect((await get()).status).toBe(500)
    expect(errors).toMatchObject([{ name: 'SessionError', code: 'ERR_MISUSE' }])
    expect(errors[0]?.message).toContain('made for express-session')
    expect(errors[0]?.stack).toContain('connect-flash/lib/flash.js')
  })

  test('a CSRF helper that keeps its secret in the session', async () => {
    const { errors, get } = await serve((req, res) => {
      ;(req.session as never as { csrfSecret: string }).csrfSecret = 'x'
      res.end()
    })
    expect((await get()).status).toBe(500)
    expect(errors[0]?.message).toContain('session.data')
  })

  test('Passport itself, which only reads, passes', async () => {
    const passport = new Passport()
    const { errors, get } = await serve(passport.initialize(), (req, res) => {
      res.end(String((req as never as { isAuthenticated(): boolean }).isAuthenticated()))
    })
    expect(await (await get()).text()).toBe('false')
    expect(errors).toEqual([])
  })
})
