import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createSessions, memoryStore } from 'sojourn'
import { nextContent } from '../work.mjs'

/**
 * @typedef {import('sojourn').RequestView} View
 * @typedef {import('sojourn').Sessions<Record<string, unknown>>} Sessions
 * @typedef {import('sojourn').Exchange<Record<string, unknown>>} Exchange
 * @typedef {import('../settings.mjs').Scenario} Scenario
 * @typedef {Record<string, string>} Jar The cookies of a browser.
 */

/** By default last-seen is written once a minute, by the next read. Here reads are measured as reads. */
const timeouts = { touch: /** @type {const} */ ('15m') }
const PATH = '/device-bound/register'
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'

/**
 * A server without HTTP, and its browsers: each request goes from a view to the headers of its response.
 *
 * @param {import('./targets.mjs').Target} target
 * @param {number} count Sessions that are there, of as many users.
 */
export async function createVisits({ crossOrigin = true, binds = false, forms, guards }, count) {
  /** @type {Sessions} */
  const sessions = createSessions({
    store: memoryStore({ maxSessions: 400_000 }),
    timeouts,
    guards,
    ...(!crossOrigin && { insecureNoCrossOriginCheck: true }),
    warn: () => {},
  })
  let users = 0
  let turn = 0
  const visitor = await openForm()
  /** @type {{ read: View, write: View }[]} */
  const browsers = []
  for (let i = 0; i < count; i++) browsers.push(await createBrowser(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`))

  /** A visitor who has the login form. All browsers log in with this one: what a login costs does not depend on whose it is. */
  async function openForm() {
    /** @type {Jar} */
    const jar = {}
    return { jar, csrf: await tokenFor(jar, '192.0.2.1') }
  }

  /** @param {string} peer */
  async function createBrowser(peer) {
    /** @type {Jar} */
    const jar = {}
    const { headers } = await answer(loginView(peer), begin)
    keep(jar, headers)
    if (binds) await bind(jar, peer, headers)
    const csrf = await tokenFor(jar, peer)
    return { read: toView('GET', '/', jar, peer), write: toView('POST', '/', jar, peer, csrf) }
  }

  /** @param {Jar} jar @param {string} peer */
  async function tokenFor(jar, peer) {
    let csrf = ''
    const page = await answer(toView('GET', '/', jar, peer), (session) => {
      csrf = forms?.token(session) ?? ''
    })
    keep(jar, page.headers)
    return csrf
  }

  /** @param {string} peer */
  function loginView(peer) {
    return toView('POST', '/login', visitor.jar, peer, visitor.csrf)
  }

  /** @param {Exchange['session']} session */
  async function begin(session) {
    users += 1
    await session.login(`user-${users}`, { methods: ['pwd'] })
    Object.assign(session.data, nextContent())
  }

  /**
   * As a browser with a key does after the login.
   *
   * @param {Jar} jar
   * @param {string} peer
   * @param {readonly { name: string, value: string }[]} headers
   */
  async function bind(jar, peer, headers) {
    const offer = headers.find(({ name }) => name === 'secure-session-registration')?.value ?? ''
    const [, challenge = '', authorization = ''] = /challenge="([^"]+)";authorization="([^"]+)"/.exec(offer) ?? []
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = await exportJWK(publicKey)
    const proof = await new SignJWT({ jti: challenge, authorization })
      .setProtectedHeader({ alg: 'ES256', typ: 'dbsc+jwt', jwk })
      .sign(privateKey)
    const view = toView('POST', PATH, jar, peer, '', { 'secure-session-response': proof })
    const { headers: bound, status } = await answer(view, () => {})
    if (status !== 200) throw new Error(`The registration of a key got ${status}.`)
    keep(jar, bound)
  }

  /**
   * @param {View} view
   * @param {(session: Exchange['session']) => unknown} handle
   */
  async function answer(view, handle) {
    const exchange = await sessions.open(view)
    if (exchange.answer === null) await handle(exchange.session)
    const own = Object.entries(exchange.answer?.headers ?? {}).map(([name, value]) => ({ name, value }))
    const headers = [...own, ...(await exchange.commit())]
    return { headers, status: exchange.answer?.status ?? 0, userId: exchange.session.userId }
  }

  const scenarios = {
    /** @param {{ read: View }} browser */
    async read({ read }) {
      const exchange = await sessions.open(read)
      if (exchange.session.userId === null || exchange.session.data.n === undefined) throw new Error('Logged out.')
      await exchange.commit()
    },
    /** @param {{ write: View }} browser */
    async write({ write }) {
      const exchange = await sessions.open(write)
      if (exchange.answer !== null) throw new Error(`Refused: ${exchange.answer.reason}`)
      exchange.session.data.n = Number(exchange.session.data.n) + 1
      await exchange.commit()
    },
    async new() {
      const peer = `10.${200 + ((users >> 16) & 31)}.${(users >> 8) & 255}.${users & 255}`
      const { userId } = await answer(loginView(peer), begin)
      if (userId === null) throw new Error('The login failed.')
    },
  }

  return {
    /**
     * @param {Scenario} scenario
     * @param {number} requests
     */
    async run(scenario, requests) {
      for (let i = 0; i < requests; i++) {
        const browser = browsers[turn++ % browsers.length]
        if (browser !== undefined) await scenarios[scenario](browser)
      }
    },
  }
}

/**
 * @param {Jar} jar
 * @param {readonly { name: string, value: string }[]} headers
 */
function keep(jar, headers) {
  for (const { name, value } of headers) {
    if (name !== 'set-cookie') continue
    const [, cookie = '', text = ''] = /^([^=]+)=([^;]*)/.exec(value) ?? []
    if (/max-age=0/i.test(value)) delete jar[cookie]
    else jar[cookie] = text
  }
}

/**
 * As Chrome sends it.
 *
 * @param {'GET' | 'POST'} method
 * @param {string} url
 * @param {Jar} jar
 * @param {string} peer
 * @param {string} [csrf]
 * @param {Readonly<Record<string, string>>} [more]
 * @returns {View}
 */
function toView(method, url, jar, peer, csrf = '', more = {}) {
  const cookie = Object.entries(jar)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')
  /** @type {Record<string, string>} */
  const headers = {
    host: 'shop.example',
    'user-agent': AGENT,
    'sec-fetch-site': 'same-origin',
    ...(cookie !== '' && { cookie }),
    ...(csrf !== '' && { 'x-csrf-token': csrf }),
    ...more,
  }
  return { method, url, secure: true, peer, header: (name) => headers[name] ?? null }
}
