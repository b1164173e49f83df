import express from 'express'
import session from 'express-session'
import { startExpress } from '../serve.mjs'

/** As the README's example "User login" shows it, and with options that harden it. */
const OPTIONS = {
  default: { secret: 'keyboard cat', resave: false, saveUninitialized: true },
  careful: {
    secret: 'keyboard cat, but longer',
    name: '__Host-sid',
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { secure: true, httpOnly: true, sameSite: /** @type {const} */ ('lax'), maxAge: 30 * 60_000 },
  },
}

/** @typedef {import('express').Request & { session: { user?: string | null, cart?: string[] } }} Request */

/** @param {(act: (done: (error?: unknown) => void) => void) => void} act */
const done = (act) => new Promise((resolve, reject) => act((error) => (error ? reject(error) : resolve(undefined))))

/** @type {import('../shop.mjs').Operations<Request>} */
const operations = {
  user: ({ session: { user } }) => user,
  visit: ({ session: { cart } }) => cart,
  fill(request) {
    request.session.cart = [...(request.session.cart ?? []), 'lamp']
  },
  async login(request, user) {
    await done((next) => request.session.regenerate(next))
    request.session.user = user
    await done((next) => request.session.save(next))
  },
  async logout(request) {
    request.session.user = null
    await done((next) => request.session.save(next))
    await done((next) => request.session.regenerate(next))
  },
  endOthers: null,
}

/** @param {'default' | 'careful'} kind */
export async function start(kind) {
  const store = new session.MemoryStore()
  const app = express()
  app.set('trust proxy', 1)
  app.use(session({ ...OPTIONS[kind], store }))
  return startExpress(app, operations, () => JSON.stringify(/** @type {any} */ (store).sessions))
}
