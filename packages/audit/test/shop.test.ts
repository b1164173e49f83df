import { randomBytes } from 'node:crypto'
import { parseRecipe } from '@sojourn/audit'
import { expect, test, vi } from 'vitest'
import { startShop } from '../../../examples/shop/test/shop.ts'
import { startSecureSite } from '../../sojourn/test/support/bound-chromium.ts'
import { auditWatched, findings, leaksIn, verdicts } from './support/audit.ts'
import { ALICE } from './support/cookie-app.ts'
import { expressSessionApp } from './support/express-session-app.ts'
import { serve } from './support/serve.ts'
import { shopOnExpressSession } from './support/shop-on-express-session.ts'
import { shownIn } from './support/tokens-seen.ts'

vi.setConfig({ testTimeout: 120_000 })

const SHOP = `
user: { name: alice@example.com, password: lantern-in-the-window }
login:
  - get: /sign-in
  - post: /sign-in
    form: { email: '\${user}', password: '\${password}' }
loggedIn: { get: /account, text: '\${user}' }
logout:
  - post: /sign-out
logoutEverywhere:
  - post: /sign-out-everywhere
passwordChange:
  steps:
    - post: /account/password
      form: { current: '\${password}', next: '\${newPassword}' }
action:
  steps:
    - post: /cart/folding-lantern
      form: { by: '1' }
  effect: { get: /cart, text: Folding Lantern }
  undo:
    - post: /cart/folding-lantern/remove
sessionsPage: /account
puzzles:
  - - post: /sign-up
      form: { name: Alice, email: '\${user}', password: not-the-password-of-alice }
`

const SECOND_USER = 'secondUser: { name: bob@example.com, password: last-ferry-tonight }\n'

test('the shop of this repository passes with no failure, twice in a row, and is left as it was', async () => {
  const shop = await startShop()
  try {
    for (let run = 0; run < 2; run++) {
      const report = await auditWatched({
        target: shop.url,
        recipe: parseRecipe(SHOP),
        allowChanges: true,
      })
      expect(report.untrusted).toBeNull()
      expect(findings(report).filter(({ verdict }) => verdict === 'fail')).toEqual([])
      expect(verdicts(report)).toMatchObject({
        'fixation/planted id': 'pass',
        'logout-ends-session/logout': 'pass',
        'logout-everywhere/other session': 'pass',
        'password-change/other session': 'pass',
        'cross-site-requests/other sites': 'pass',
        'cross-site-requests/hosts of the same site': 'pass',
        'puzzling/flow 1': 'pass',
      })
      expect(report.leftBehind).toEqual([])
      expect(leaksIn(report)).toEqual([])
      expect(report.durationMs).toBeLessThan(120_000)
      // It allows 60 logins in a quarter of an hour.
      expect(report.application.loginLimit).toBeUndefined()
      expect(verdicts(report)).toMatchObject({ 'token-strength/cookie session': 'pass' })
    }
  } finally {
    await shop.close()
  }
})

/**
 * What is neither `pass` nor `fail` over HTTPS, and why: facts about the shop, checks of what it does not have (JWT, refresh
 * tokens), and time limits, for which the audit would have to wait.
 */
const NO_VERDICT_OVER_HTTPS = [
  'carriers/cookie __Host-session',
  'clear-site-data/Clear-Site-Data',
  'concurrent-sessions/page of sessions',
  'concurrent-sessions/sessions at once',
  'jwt-attacks/token',
  'refresh-rotation/check',
  'timeouts/limits',
  'unknown-ids/guessing',
]

test('over HTTPS, with every check and Chromium, each guard of the shop that can be judged passes', async () => {
  const site = await startSecureSite()
  const shop = await startShop(site)
  try {
    const report = await auditWatched({
      target: `https://localhost:${site.port}`,
      recipe: parseRecipe(SHOP + SECOND_USER),
      allowChanges: true,
      insecureTls: true,
      browser: true,
    })
    expect(report.untrusted).toBeNull()
    const rest = findings(report).filter(({ verdict }) => verdict !== 'pass')
    expect(rest.map(({ fingerprint }) => fingerprint).sort()).toEqual(NO_VERDICT_OVER_HTTPS)
    expect(findings(report).filter(({ verdict }) => verdict === 'fail')).toEqual([])
    expect(verdicts(report)).toMatchObject({
      'cross-site-requests/other sites': 'pass',
      'cross-site-requests/hosts of the same site': 'pass',
      'device-bound/header': 'pass',
      'device-bound/registration without proof': 'pass',
      'fixation/planted id': 'pass',
      'fixation/id of another user': 'pass',
      'password-change/other session': 'pass',
      'password-change/copy of the own session': 'pass',
    })
    expect(report.leftBehind).toEqual([])
    expect(leaksIn(report)).toEqual([])
  } finally {
    await shop.close()
    await site.close()
  }
})

/**
 * Derived from the behavior of express-session before the audit was run:
 *
 * - Its cookie has no SameSite, and the shop left cross-site requests to its sessions: forged ones take effect.
 * - It issues an id to every visitor, in an answer that caches may keep, and a login that only writes the user keeps the id.
 * - It cannot find the sessions of a user: a password change and a logout everywhere reach only the current one.
 * - It sets no `Cache-Control`, and the shop leaves that to its sessions: caches may keep pages of users.
 *
 * All else holds: made-up ids are refused, and a logout ends the session. The foot of each page shows the id without its
 * signature, which opens nothing.
 */
const FAILURES_ON_EXPRESS_SESSION = [
  'cookie-attributes/cookie connect.sid: SameSite',
  'cache-headers/answer that gives out the credential',
  'cache-headers/page of a logged-in user',
  'fixation/kept id',
  'fixation/given id',
  'cross-site-requests/other sites',
  'logout-everywhere/other session',
  'password-change/other session',
]

test('a copy of the shop on express-session with default options shows the failures it has, and no other', async () => {
  const shop = await shopOnExpressSession()
  try {
    const recipe = parseRecipe(SHOP.replace('sessionsPage: /account', 'sessionsPage: false'))
    const report = await auditWatched({ target: shop.url, recipe, allowChanges: true, samples: 20 })
    expect(report.untrusted).toBeNull()
    const failed = findings(report).filter(({ verdict }) => verdict === 'fail')
    expect(failed.map(({ fingerprint }) => fingerprint).sort()).toEqual(FAILURES_ON_EXPRESS_SESSION.toSorted())
    expect(verdicts(report)).toMatchObject({
      'fixation/planted id': 'pass',
      'logout-ends-session/logout': 'pass',
      'puzzling/flow 1': 'pass',
    })
    expect(report.leftBehind).toEqual([])
    expect(leaksIn(report)).toEqual([])
    expect(report.durationMs).toBeLessThan(120_000)
  } finally {
    await shop.close()
  }
})

test('express-session with default options, used as tutorials do, shows the failures it has', async () => {
  const served = await serve(expressSessionApp())
  try {
    const report = await auditWatched({ target: served.url, user: ALICE, samples: 20 })
    const failed = findings(report).filter(({ verdict }) => verdict === 'fail')
    expect(failed.map(({ fingerprint }) => fingerprint)).toEqual([
      'cookie-attributes/cookie connect.sid: SameSite',
      'cache-headers/page of a logged-in user',
      'cache-headers/answer that gives out the credential',
      'fixation/kept id',
      'fixation/given id',
    ])
  } finally {
    await served.close()
  }
})

test('a report shows no id of express-session, although a page shows it, and not if it begins like a JWT', async () => {
  const ids: string[] = []
  const genid = () => {
    const id = `eyJ${randomBytes(24).toString('base64url').slice(3)}`
    ids.push(id)
    return id
  }
  const served = await serve(expressSessionApp({ showsId: true, session: { genid } }))
  try {
    const report = await auditWatched({ target: served.url, user: ALICE, samples: 5, rate: 10_000 })
    expect(JSON.stringify(report)).toMatch(/<p>session \$CONNECT_SID(_\d+)?_PART(_\d+)?\.<\/p>/)
    expect(shownIn(report, ids)).toEqual([])
    expect(leaksIn(report)).toEqual([])
  } finally {
    await served.close()
  }
})
