/**
 * The attacks. Each one is named, and tries the same on every application. `run` returns whether it works: `true` is bad for the
 * user. Each run gets an application of its own.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBrowser } from './browser.mjs'
import { pass } from './time.mjs'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** @typedef {import('./serve.mjs').Target} Target */
/** @typedef {import('./browser.mjs').Browser} Browser */
/** @typedef {{ name: string, title: string, run: (target: Target) => Promise<boolean | null> }} Attack `null`: there is nothing to attack */

/** @param {Target} target @param {string} user */
async function loggedIn({ port }, user = 'ada') {
  const browser = createBrowser(port)
  await browser.ask('POST /login', { form: { user } })
  const { body } = await browser.ask('GET /account')
  if (body !== user) throw new Error(`The login of ${user} did not log in. The account page says: ${body}`)
  return browser
}

/** @param {Browser} browser @param {string} [cookie] */
const isIn = async (browser, cookie) =>
  (await browser.ask('GET /account', cookie === undefined ? {} : { cookie })).status === 200

/** Names and values of cookies. @param {string} cookie */
const pairsOf = (cookie) =>
  cookie.split('; ').map((pair) => /** @type {const} */ ([pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]))

/** What another host of the domain can set. @param {Browser} browser @param {string} cookie @param {string} path */
function plant(browser, cookie, path) {
  for (const [name, value] of pairsOf(cookie)) {
    const line = `${name}=${value}; Domain=shop.example; Path=${path}; Secure`
    browser.jar.setCookieSync(line, 'https://blog.shop.example/', { ignoreError: true })
  }
}

/** @type {readonly Attack[]} */
export const ATTACKS = [
  {
    name: 'guess',
    title: 'guess: 100 made-up cookies of the right form are tried',
    async run(target) {
      const form = (await loggedIn(target)).cookie()
      for (let i = 0; i < 100; i++) {
        const guess = pairsOf(form).map(([name, value]) => `${name}=${madeUp(value)}`)
        if (await isIn(createBrowser(target.port), guess.join('; '))) return true
      }
      return false
    },
  },
  {
    name: 'fixation',
    title: 'fixation: the attacker gives the victim a session before the login, and uses it after',
    async run(target) {
      const visitor = createBrowser(target.port)
      const hasVisitors = (await visitor.ask('POST /cart')).status !== 501
      const attacker = hasVisitors ? visitor : await loggedIn(target, 'eve')
      const victim = attacker.copy()
      const planted = attacker.cookie()
      await victim.ask('POST /login', { form: { user: 'ada' } })
      if ((await victim.ask('GET /account')).body !== 'ada') throw new Error('The victim is not logged in.')
      return (await attacker.ask('GET /account', { cookie: planted })).body === 'ada'
    },
  },
  {
    name: 'tossing',
    title: 'cookie tossing: a sibling host plants the attacker’s session, and the victim acts in it',
    async run(target) {
      const planted = (await loggedIn(target, 'eve')).cookie()
      const visitor = createBrowser(target.port)
      plant(visitor, planted, '/')
      if (await isIn(visitor)) return true
      const victim = await loggedIn(target)
      plant(victim, planted, '/transfer')
      await victim.ask('POST /transfer')
      return target.state.paid.includes('eve')
    },
  },
  {
    name: 'forgery',
    title: 'request forgery: a page of another site submits a form, in a browser without a default for SameSite',
    async run(target) {
      await (await loggedIn(target)).ask('POST /transfer', { from: 'stranger' })
      return target.state.paid.length > 0
    },
  },
  {
    name: 'forgery-sibling',
    title: 'request forgery: a page of a sibling host submits a form',
    async run(target) {
      await (await loggedIn(target)).ask('POST /transfer', { from: 'sibling' })
      return target.state.paid.length > 0
    },
  },
  {
    name: 'copy',
    title: 'a copied cookie is used on another machine, while the owner is logged in',
    async run(target) {
      const copy = (await loggedIn(target)).cookie()
      return isIn(createBrowser(target.port), copy)
    },
  },
  {
    name: 'copy-after-logout',
    title: 'a copied cookie is used after the owner logged out',
    async run(target) {
      const owner = await loggedIn(target)
      const copy = owner.cookie()
      await owner.ask('POST /logout')
      return isIn(createBrowser(target.port), copy)
    },
  },
  {
    name: 'copy-after-ending',
    title: 'a copied cookie is used after the owner, on another device, ended the other sessions',
    async run(target) {
      const copy = (await loggedIn(target)).cookie()
      const owner = await loggedIn(target)
      await owner.ask('POST /end-others')
      return isIn(createBrowser(target.port), copy)
    },
  },
  {
    name: 'old-copy',
    title: 'a copied cookie is used for the first time three hours later, while the owner is active',
    async run(target) {
      const owner = await loggedIn(target)
      const copy = owner.cookie()
      for (let passed = 0; passed < 3 * HOUR; passed += 25 * MINUTE) {
        pass(25 * MINUTE)
        if (!(await isIn(owner))) throw new Error('The owner is logged out.')
      }
      return isIn(createBrowser(target.port), copy)
    },
  },
  {
    name: 'copy-for-days',
    title: 'a copied cookie is used beside its owner, every 25 minutes, and still works after two days',
    async run(target) {
      const owner = await loggedIn(target)
      const thief = owner.copy()
      for (let passed = 0; passed < 48 * HOUR; passed += 25 * MINUTE) {
        pass(25 * MINUTE)
        await owner.ask('GET /account')
        if (!(await isIn(thief))) return false
      }
      return true
    },
  },
  {
    name: 'late-request',
    title: 'logout race: a slow request that stores something ends after the logout, and the session is back',
    async run(target) {
      const owner = await loggedIn(target)
      if ((await owner.ask('POST /cart')).status === 501) return null
      const before = owner.cookie()
      let release = () => {}
      target.state.hold = new Promise((resolve) => {
        release = resolve
      })
      const slow = owner.ask('POST /slow')
      while (target.state.held === 0) await sleep(1)
      await owner.ask('POST /logout')
      release()
      await slow
      return (await isIn(createBrowser(target.port), before)) || isIn(owner)
    },
  },
  {
    name: 'stolen-store',
    title: 'a copy of the store is stolen, and every text in it is tried as a cookie',
    async run(target) {
      const owner = await loggedIn(target)
      const texts = (await target.stored()).match(/[\w.-]{16,}/g) ?? []
      for (const text of new Set(texts)) {
        for (const value of [text, `s:${text}`, `s%3A${text}`, `${text}.${text}`]) {
          const forged = pairsOf(owner.cookie()).map(([name]) => `${name}=${value}`)
          if (await isIn(createBrowser(target.port), forged.join('; '))) return true
        }
      }
      return false
    },
  },
  {
    name: 'shared-cache',
    title: 'a shared cache keeps a style sheet that the application marks public, with somebody’s cookie',
    async run(target) {
      const owner = await loggedIn(target)
      const replies = [await createBrowser(target.port).ask('GET /style.css'), await owner.ask('GET /style.css')]
      for (let i = 0; i < 3; i++) {
        pass(25 * MINUTE)
        replies.push(await owner.ask('GET /style.css'))
      }
      return replies.some(
        ({ headers }) => headers['set-cookie'] !== undefined && /public/.test(headers['cache-control'] ?? ''),
      )
    },
  },
  {
    name: 'malformed',
    title: 'malformed cookies make the server fail',
    async run(target) {
      const own = pairsOf((await loggedIn(target)).cookie())
      for (const value of [
        '%E0%A4%A',
        '%',
        's:',
        's%3A.',
        '"',
        '{}',
        '__proto__',
        'j:{"a":1}',
        'Fe26.2**',
        'a'.repeat(8000),
      ]) {
        const cookie = own.map(([name]) => `${name}=${value}`).join('; ')
        const { status } = await createBrowser(target.port).ask('GET /account', { cookie })
        if (status >= 500) return true
      }
      return false
    },
  },
]

/** A value of the same form: each letter and digit is another one. @param {string} value */
function madeUp(value) {
  const letters = randomBytes(value.length * 2)
    .toString('base64')
    .replace(/[+/=]/g, '')
  let at = 0
  const own = decodeURIComponent(value)
  const prefix = /^(s:|Fe26\.2\*)/.exec(own)?.[0] ?? ''
  return encodeURIComponent(prefix + own.slice(prefix.length).replace(/[A-Za-z0-9]/g, () => letters[at++] ?? 'x'))
}
