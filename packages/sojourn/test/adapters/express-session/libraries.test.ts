import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import express, { type RequestHandler } from 'express'
import type { SessionOptions } from 'sojourn/express-session'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../support/node-reply.ts'
import { Client, old, STORES, serve } from './support.ts'

// They have no types here, or types that declare another `req.session`.
const require = createRequire(import.meta.url)
const flash = require('connect-flash') as () => RequestHandler
const { csrfSync } = require('csrf-sync') as {
  csrfSync(): { generateToken(request: object): string; csrfSynchronisedProtection: RequestHandler }
}
interface PassportLike {
  use(strategy: object): void
  serializeUser(to: (user: string, done: (error: null, id: string) => void) => void): void
  deserializeUser(to: (id: string, done: (error: null, user: string) => void) => void): void
  session(): RequestHandler
  authenticate(name: string, options?: object): RequestHandler
}
const { Passport } = require('passport') as { Passport: new () => PassportLike }
const LocalStrategy = require('passport-local').Strategy as new (
  check: (name: string, password: string, done: (error: null, user: string | false, info?: object) => void) => void,
) => object
const OAuth2Strategy = require('passport-oauth2') as new (
  options: object,
  verify: (access: string, refresh: string, profile: object, done: (error: null, user: string) => void) => void,
) => object

interface PassportRequest {
  readonly user?: string
  logout(done: (error?: unknown) => void): void
  flash(type: string, text?: string): string[]
}
const own = (request: object): PassportRequest => request as PassportRequest
const form = (body: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(body) })

function createPassport(): PassportLike {
  const passport = new Passport()
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((id, done) => done(null, id))
  return passport
}

describe.each(STORES)('libraries made for express-session, on %s', (_, createStore) => {
  async function localApp(login: object) {
    const passport = createPassport()
    passport.use(
      new LocalStrategy((name, password, done) =>
        password === 'right' ? done(null, name) : done(null, false, { message: 'Wrong password.' }),
      ),
    )
    const options: SessionOptions = { store: createStore() }
    const served = await serve(options, (app) => {
      app.use(express.urlencoded({ extended: false }), passport.session(), flash())
      app.post('/cart', (request, response) => {
        old(request).session.cart = ['lamp']
        response.end()
      })
      app.post('/login', passport.authenticate('local', { successRedirect: '/', failureRedirect: '/login', ...login }))
      app.get('/login', (request, response) => void response.json(own(request).flash('error')))
      app.post('/logout', (request, response, next) => {
        own(request).logout((error) => (error ? next(error) : response.redirect('/')))
      })
      app.get('/', (request, response) => {
        response.json([own(request).user ?? null, old(request).session.cart ?? null])
      })
    })
    return { ...served, client: new Client(served.origin) }
  }

  test('Passport with passport-local: the login changes the id, and the logout ends the session', async () => {
    const { client, errors } = await localApp({})
    await client.send('/cart', { method: 'POST' })
    const planted = client.cookies.get('connect.sid') ?? ''
    const answer = await client.send('/login', form({ username: 'ann', password: 'right' }))
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/'])
    const loggedIn = client.cookies.get('connect.sid') ?? ''
    expect(loggedIn).not.toBe(planted)
    expect(JSON.parse(await client.text('/'))).toEqual(['ann', null])
    await client.send('/logout', { method: 'POST' })
    expect(JSON.parse(await client.text('/'))).toEqual([null, null])
    for (const dead of [planted, loggedIn]) {
      client.cookies.set('connect.sid', dead)
      expect(JSON.parse(await client.text('/'))).toEqual([null, null])
    }
    expect(errors).toEqual([])
  })

  test('Passport with keepSessionInfo: the cart of the visitor stays', async () => {
    const { client } = await localApp({ keepSessionInfo: true })
    await client.send('/cart', { method: 'POST' })
    await client.send('/login', form({ username: 'ann', password: 'right' }))
    expect(JSON.parse(await client.text('/'))).toEqual(['ann', ['lamp']])
  })

  test('connect-flash with failureFlash: the message shows once', async () => {
    const { client } = await localApp({ failureFlash: true })
    const answer = await client.send('/login', form({ username: 'ann', password: 'wrong' }))
    expect(answer.headers.get('location')).toBe('/login')
    expect(JSON.parse(await client.text('/login'))).toEqual(['Wrong password.'])
    expect(JSON.parse(await client.text('/login'))).toEqual([])
  })

  test('passport-oauth2 with state: true: the callback of another browser is refused', async () => {
    const provider = await listen(
      createServer((_, response) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ access_token: 'a', token_type: 'bearer' }))
      }),
    )
    onTestFinished(() => provider.close())
    const passport = createPassport()
    const urls = { authorizationURL: 'https://login.example/', tokenURL: provider.origin, callbackURL: '/back' }
    passport.use(
      new OAuth2Strategy({ ...urls, clientID: 'x', clientSecret: 'y', state: true }, (_, __, ___, done) =>
        done(null, 'ann'),
      ),
    )
    const { origin } = await serve({ store: createStore() }, (app) => {
      app.use(passport.session())
      app.get('/login', passport.authenticate('oauth2'))
      app.get('/back', passport.authenticate('oauth2'), (request, response) => void response.end(own(request).user))
      app.get('/', (request, response) => void response.end(String(own(request).user)))
    })
    const client = new Client(origin)
    const answer = await client.send('/login')
    const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state')
    const victim = new Client(origin)
    expect((await victim.send(`/back?code=c&state=${state}`)).status).toBe(403)
    expect(await client.text(`/back?code=c&state=${state}`)).toBe('ann')
    expect(await client.text('/')).toBe('ann')
  })

  test('csrf-sync, which keeps a token in the session: a request without it is refused', async () => {
    const { generateToken, csrfSynchronisedProtection } = csrfSync()
    const { origin } = await serve({ store: createStore() }, (app) => {
      app.get('/token', (request, response) => void response.end(generateToken(request)))
      app.post('/pay', csrfSynchronisedProtection, (_, response) => void response.end('paid'))
    })
    const client = new Client(origin)
    const token = await client.text('/token')
    expect((await client.send('/pay', { method: 'POST' })).status).toBe(403)
    expect(await client.text('/pay', { method: 'POST', headers: { 'x-csrf-token': token } })).toBe('paid')
  })
})
