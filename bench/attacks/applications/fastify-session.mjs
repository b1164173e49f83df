import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { fastify } from 'fastify'
import { answer, createState } from '../shop.mjs'

const SECRET = 'a secret with minimum length of 32 characters'

/** As the README shows it, and with options that harden it. */
const OPTIONS = {
  default: { secret: SECRET },
  careful: {
    secret: SECRET,
    cookieName: '__Host-sid',
    saveUninitialized: false,
    cookie: { secure: true, httpOnly: true, sameSite: /** @type {const} */ ('lax'), maxAge: 30 * 60_000 },
  },
}

/** @typedef {import('fastify').FastifyRequest & { session: { user?: string, cart?: string[] } }} Request */

/**
 * The README sets a value of the session. The careful application also regenerates it at the login.
 * @param {'default' | 'careful'} kind
 * @returns {import('../shop.mjs').Operations<Request>}
 */
const operationsOf = (kind) => ({
  user: ({ session: { user } }) => user,
  visit: ({ session: { cart } }) => cart,
  fill(request) {
    request.session.cart = [...(request.session.cart ?? []), 'lamp']
  },
  async login(request, user) {
    if (kind === 'careful') await request.session.regenerate()
    request.session.user = user
  },
  logout: (request) => request.session.destroy(),
  endOthers: null,
})

/** @param {'default' | 'careful'} kind */
export async function start(kind) {
  const state = createState()
  const operations = operationsOf(kind)
  /** @type {Map<string, unknown>} */
  const kept = new Map()
  const store = {
    set: (/** @type {string} */ id, /** @type {unknown} */ value, /** @type {() => void} */ done) => {
      kept.set(id, JSON.parse(JSON.stringify(value)))
      done()
    },
    get: (/** @type {string} */ id, /** @type {(error: null, value: any) => void} */ done) => {
      done(null, structuredClone(kept.get(id)) ?? null)
    },
    destroy: (/** @type {string} */ id, /** @type {() => void} */ done) => {
      kept.delete(id)
      done()
    },
  }
  const app = fastify({ trustProxy: true })
  app.register(cookie)
  app.register(session, { ...OPTIONS[kind], store })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, next) =>
    next(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  app.all('/*', async (request, reply) => {
    const { user = '' } = /** @type {{ user?: string }} */ (request.body ?? {})
    const route = `${request.method} ${request.url}`
    const { status, body, isPublic } = await answer(state, operations, route, /** @type {Request} */ (request), user)
    if (isPublic === true) reply.header('cache-control', 'public, max-age=3600')
    return reply.code(status).send(body)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = /** @type {import('node:net').AddressInfo} */ (app.server.address())
  return { port: address.port, state, stored: () => JSON.stringify([...kept]), close: () => app.close() }
}
