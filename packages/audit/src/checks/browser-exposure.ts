import type { Page } from 'playwright-core'
import type { Audit, Check, Login } from '../audit/audit.ts'
import type { HeldCookie } from '../http/client.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'
import { requestOf, stateOf } from '../recipe/logged-in-check.ts'
import { IDLE_MS, launchChromium, logInByCookies, logInByForm, NoBrowser, untilIdle } from './lib/browser/chromium.ts'
import {
  addressesOf,
  type ForeignRequest,
  keepHome,
  messagesTo,
  type Places,
  readPlaces,
} from './lib/browser/observe.ts'

export const browserExposure: Check = {
  id: 'browser-exposure',
  title: 'What a real browser lets scripts and other sites see',
  wstg: ['WSTG-SESS-02', 'WSTG-SESS-04', 'WSTG-CLNT-12'],
  asvs: ['3.3.4', '14.3.3', '14.2.1'],
  cwe: [922, 1004, 598],
  severity: 'medium',
  proves:
    'In Chromium, after a login: whether the credential is in places that scripts can read (document.cookie, storage, IndexedDB, caches, the page), in addresses, in requests to other sites, or in messages to a page that opens the application.',
  cannotProve: 'What other pages of the application do.',
  why: 'An injected script can send away everything that scripts can read.',
  fix: {
    text: 'Keep the credential in an HttpOnly cookie; a token that scripts must have belongs in memory, and for a short time.',
  },
  needs: ['browser'],
  async run(audit) {
    try {
      return await inChromium(audit)
    } catch (error) {
      if (!(error instanceof NoBrowser)) throw error
      return [cannotJudge({ about: 'browser', title: 'No Chromium', detail: error.message })]
    }
  },
}

async function inChromium(audit: Audit): Promise<readonly Finding[]> {
  const login = await audit.users.login('for Chromium')
  const browser = await launchChromium({ headless: true, env: process.env })
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: audit.app.insecureTls })
    const foreign = await keepHome(context, (url) => url.hostname === audit.app.target.hostname)
    const page = await context.newPage()
    const tokens = bearersOf(page)
    const addresses = addressesOf(page)
    const places = await enter(page, audit, login, tokens)
    const cookies = (await context.cookies()).filter(({ name }) => audit.app.carriers.flat().includes(name))
    endAtEnd(audit, login, cookies)
    const values = [...cookies.map(({ value }) => value), ...tokens].filter((value) => value.length >= 12)
    for (const value of values) audit.say.hide(value, 'browser credential', 'what Chromium held after the login')
    if (places === null || values.length === 0) {
      const detail = 'Chromium was not logged in by the form of the application, nor by the cookies of a login.'
      return [cannotJudge({ about: 'browser', title: 'Not logged in', detail })]
    }
    const messages = await messagesTo(context, checkOf(audit), IDLE_MS)
    return [
      readable(audit, places, values, cookies.length > 0),
      sentAway(foreign, messages, values),
      inAddresses(audit, [...addresses], values),
    ]
  } finally {
    await browser.close()
  }
}

const checkOf = ({ app, users }: Audit) =>
  new URL(requestOf(app.recipe.loggedIn, users.variablesOf('first')).url, app.target).href

/** Logs in, and reads the page after the login and that of the logged-in check. `null`: neither way of logging in works. */
async function enter(page: Page, audit: Audit, login: Login, tokens: ReadonlySet<string>): Promise<Places | null> {
  const byForm = await logInByForm(page, audit)
  const after = byForm ? await readPlaces(page) : {}
  // An endpoint that scripts send a token to is not a page, and its address does not let the browser in.
  if (!(await isIn(page, audit)) && tokens.size === 0) {
    await logInByCookies(page, login)
    if (!(await isIn(page, audit))) return null
  }
  const now = await readPlaces(page)
  return Object.fromEntries(
    [...new Set([...Object.keys(after), ...Object.keys(now)])].map((place) => [
      place,
      `${after[place] ?? ''}\n${now[place] ?? ''}`,
    ]),
  )
}

async function isIn(page: Page, audit: Audit): Promise<boolean> {
  const answer = await page.goto(checkOf(audit), { waitUntil: 'load' })
  await untilIdle(page)
  if (answer === null || answer.request().redirectedFrom() !== null) return false
  const response = { status: answer.status(), headers: [], body: await answer.text() }
  return stateOf({ response }, audit.app.recipe.loggedIn, audit.users.variablesOf('first')) === 'in'
}

/** Returns the tokens that scripts of the page send. */
function bearersOf(page: Page): Set<string> {
  const found = new Set<string>()
  page.on('request', (request) => {
    const [, token] = /^Bearer (.+)$/i.exec(request.headers().authorization ?? '') ?? []
    if (token !== undefined) found.add(token)
  })
  return found
}

/** Chromium began this session, so the audit must end it. */
function endAtEnd(audit: Audit, login: Login, cookies: readonly Omit<HeldCookie, 'hostOnly' | 'expiresAt'>[]): void {
  const client = audit.ask.client('Chromium')
  for (const cookie of cookies)
    client.hold({
      ...cookie,
      hostOnly: !cookie.domain.startsWith('.'),
      domain: cookie.domain.replace(/^\./, ''),
      expiresAt: null,
    })
  audit.time.atEnd(async () => {
    if (audit.app.recipe.logout === undefined || (await audit.ask.as(client)).state !== 'in') return null
    await audit.users.logout(client)
    return (await audit.ask.as(client)).state === 'in' && client.cookies().length > 0
      ? `the session of Chromium (user ${login.role}) could not be ended`
      : null
  })
}

const holds = (text: string, values: readonly string[]) =>
  values.some((value) => text.includes(value) || text.includes(encodeURIComponent(value)))

function readable(audit: Audit, all: Places, values: readonly string[], byCookie: boolean): Finding {
  const about = 'scripts'
  const places = Object.keys(all).filter((place) => holds(all[place] ?? '', values))
  if (places.length === 0)
    return pass({
      about,
      title: 'Scripts cannot read it',
      detail:
        'The credential is neither in document.cookie nor in storage, databases, caches, window.name or the page.',
    })
  const detail = audit.say.mask(`Any script of the page can read the credential: ${places.join(', ')}.`)
  if (!byCookie)
    return inform({
      about,
      title: 'Scripts can read the token',
      detail: `${detail} ASVS 14.3.3 allows it; OWASP's sheet and NIST advise against it.`,
    })
  const evidence = [audit.say.evidence(`${detail} In the browser's console: the places by these names.`, [])]
  return fail({ about, title: 'Scripts can read the credential', detail, evidence })
}

function sentAway(foreign: readonly ForeignRequest[], messages: readonly string[], values: readonly string[]): Finding {
  const about = 'other sites'
  const leak = foreign.find(({ url, referer, body }) => holds(`${url}\n${referer}\n${body}`, values))
  const hosts = [...new Set(foreign.map(({ url }) => new URL(url).host))]
  if (leak !== undefined)
    return leaked(`A request to ${new URL(leak.url).host} has the credential in its ${partOf(leak, values)}.`)
  if (messages.some((message) => holds(message, values)))
    return leaked(
      'A page of another site that opens the application is sent the credential in a message (postMessage).',
    )
  return pass({
    about,
    title: 'Nothing is sent away',
    detail:
      hosts.length === 0
        ? 'The pages ask no other host.'
        : `The pages ask other hosts (${hosts.join(', ')}), without the credential.`,
  })
}

const partOf = ({ url, referer }: ForeignRequest, values: readonly string[]) =>
  holds(url, values) ? 'address' : holds(referer, values) ? 'Referer' : 'body'

const leaked = (detail: string): Finding =>
  fail({
    about: 'other sites',
    severity: 'high',
    title: 'The credential is sent to another site',
    detail,
    evidence: [{ says: detail, curl: [], variables: [], exchanges: [] }],
  })

/** Only the browser sees what follows `#`; it is not sent to servers. */
function inAddresses(audit: Audit, addresses: readonly string[], values: readonly string[]): Finding {
  const about = 'addresses'
  const found = addresses.find((address) => holds(address, values))
  if (found === undefined)
    return pass({ about, title: 'Not in addresses', detail: 'No address that Chromium showed has the credential.' })
  const detail = audit.say.mask(`Chromium showed the credential in an address, which history keeps: ${found}.`)
  const evidence = [audit.say.evidence(detail, [])]
  return fail({ about, title: 'The credential is in an address', detail, evidence })
}
