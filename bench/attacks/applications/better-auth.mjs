import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { fromNodeHeaders } from 'better-auth/node'
import { SHOP } from '../browser.mjs'
import { startNode } from '../serve.mjs'

const PASSWORD = 'a password that is long enough'

/** As the installation guide shows it, and with options that harden it. */
const OPTIONS = {
  default: {},
  careful: {
    session: { expiresIn: 12 * 60 * 60, disableSessionRefresh: true },
    advanced: {
      useSecureCookies: false,
      cookies: { session_token: { name: '__Host-session', attributes: { secure: true, path: '/' } } },
    },
  },
}

/** @typedef {{ headers: Headers, response: import('node:http').ServerResponse }} Request */

/** @param {'default' | 'careful'} kind */
export async function start(kind) {
  /** @type {Record<string, any[]>} */
  const database = { user: [], session: [], account: [], verification: [] }
  const auth = betterAuth({
    baseURL: SHOP,
    secret: 'a secret of at least thirty-two characters',
    database: memoryAdapter(database),
    emailAndPassword: { enabled: true, autoSignIn: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
    ...OPTIONS[kind],
  })
  for (const name of ['ada', 'eve']) {
    await auth.api.signUpEmail({ body: { name, email: `${name}@shop.example`, password: PASSWORD } })
  }

  /**
   * What its script in the page sends to the mounted handler.
   * @param {Request} request
   * @param {string} path
   * @param {unknown} [body]
   */
  async function call({ headers, response }, path, body = {}) {
    const own = new Headers(headers)
    own.set('content-type', 'application/json')
    own.delete('content-length')
    const answer = await auth.handler(
      new Request(`${SHOP}/api/auth${path}`, { method: 'POST', headers: own, body: JSON.stringify(body) }),
    )
    for (const line of answer.headers.getSetCookie()) response.appendHeader('set-cookie', line)
  }

  /** @type {import('../shop.mjs').Operations<Request>} */
  const operations = {
    user: async ({ headers }) => (await auth.api.getSession({ headers }))?.user.name,
    visit: ({ headers }) => auth.api.getSession({ headers }),
    fill: null,
    login: (request, user) => call(request, '/sign-in/email', { email: `${user}@shop.example`, password: PASSWORD }),
    logout: (request) => call(request, '/sign-out'),
    endOthers: (request) => call(request, '/revoke-other-sessions'),
  }
  return startNode(
    async (request, response) => ({ headers: fromNodeHeaders(request.headers), response }),
    operations,
    () => JSON.stringify(database),
  )
}
