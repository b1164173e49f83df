import type { Page } from 'playwright-core'
import type { Audit, Login } from '../audit/audit.ts'
import { launchChromium, NoBrowser } from '../browser/launch.ts'
import { logInWith } from '../browser/log-in.ts'
import { type ForeignRequest, keepHome, readStorage, type Storage } from '../browser/observe.ts'
import type { HeldCookie } from '../http/client.ts'
import type { Check } from '../model/check.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'
import { fill } from '../recipe/fill.ts'

export const browserExposure: Check = {
  id: 'browser-exposure',
  title: 'What a real browser lets scripts and other sites see',
  wstg: ['WSTG-SESS-02', 'WSTG-SESS-04', 'WSTG-CLNT-12'],
  asvs: ['3.3.4', '14.3.3', '14.2.1'],
  cwe: [922, 1004, 598],
  severity: 'medium',
  proves:
    'In Chromium, after a login: what of the credential stands in document.cookie, in storage, and in requests to other sites.',
  cannotProve: 'What other pages of the application do.',
  why: 'What scripts can read, an injected script can send away.',
  fix: {
    text: 'Keep the credential in an HttpOnly cookie; a token that scripts must have belongs in memory, and for a short time.',
  },
  needs: ['browser'],
  async run(audit) {
    try {
      return await look(audit)
    } catch (error) {
      if (!(error instanceof NoBrowser)) throw error
      return [cannotJudge({ about: 'browser', title: 'No Chromium', detail: error.message })]
    }
  },
}

async function look(audit: Audit): Promise<readonly Finding[]> {
  const login = await audit.login('for Chromium')
  const browser = await launchChromium({ headless: true, env: process.env })
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: audit.insecureTls })
    const foreign = await keepHome(context, (url) => url.hostname === audit.target.hostname)
    const page = await context.newPage()
    const tokens = bearersOf(page)
    const how = await logInWith(page, audit, login)
    const check = new URL(fill(audit.recipe.loggedIn.get, audit.variablesOf('first'), encodeURIComponent), audit.target)
    await page.goto(check.href, { waitUntil: 'load' })
    const cookies = (await context.cookies()).filter(({ name }) => audit.carriers.flat().includes(name))
    endAtEnd(audit, login, cookies)
    const values = [...cookies.map(({ value }) => value), ...tokens].filter((value) => value.length >= 12)
    for (const value of values) audit.hide(value, 'browser credential', 'what Chromium held after the login')
    if (values.length === 0) {
      const detail = `Chromium was logged in by ${how}, and held no credential that is known.`
      return [cannotJudge({ about: 'browser', title: 'Not logged in', detail })]
    }
    const storage = await readStorage(page)
    return [readable(audit, storage, values, cookies.length > 0), sentAway(foreign, values)]
  } finally {
    await browser.close()
  }
}

/** Tokens that scripts of the page send. */
function bearersOf(page: Page): Set<string> {
  const found = new Set<string>()
  page.on('request', (request) => {
    const [, token] = /^Bearer (.+)$/i.exec(request.headers().authorization ?? '') ?? []
    if (token !== undefined) found.add(token)
  })
  return found
}

/** The session that Chromium began is the audit's to end. */
function endAtEnd(audit: Audit, login: Login, cookies: readonly Omit<HeldCookie, 'hostOnly' | 'expiresAt'>[]): void {
  const client = audit.client('Chromium')
  for (const cookie of cookies)
    client.hold({
      ...cookie,
      hostOnly: !cookie.domain.startsWith('.'),
      domain: cookie.domain.replace(/^\./, ''),
      expiresAt: null,
    })
  audit.onEnd(async () => {
    if (audit.recipe.logout === undefined || (await audit.look(client)).state !== 'in') return null
    await audit.logout(client)
    return (await audit.look(client)).state === 'in' && client.cookies().length > 0
      ? `the session of Chromium (user ${login.role}) could not be ended`
      : null
  })
}

function readable(audit: Audit, storage: Storage, values: readonly string[], byCookie: boolean): Finding {
  const about = 'scripts'
  const holds = (text: string) =>
    values.some((value) => text.includes(value) || text.includes(encodeURIComponent(value)))
  const places = [
    ...(holds(storage.cookies) ? ['document.cookie'] : []),
    ...Object.entries(storage.local)
      .filter(([, text]) => holds(text))
      .map(([key]) => `localStorage ${key}`),
    ...Object.entries(storage.session)
      .filter(([, text]) => holds(text))
      .map(([key]) => `sessionStorage ${key}`),
  ]
  if (places.length === 0)
    return pass({
      about,
      title: 'Scripts cannot read it',
      detail: 'The credential is neither in document.cookie nor in storage.',
    })
  const detail = audit.mask(`Any script of the page can read the credential: ${places.join(', ')}.`)
  if (!byCookie)
    return inform({
      about,
      title: 'Scripts can read the token',
      detail: `${detail} ASVS 14.3.3 allows it; OWASP's sheet and NIST advise against it.`,
    })
  const evidence = [
    audit.evidence(`${detail} In the browser's console: document.cookie, localStorage, sessionStorage.`, []),
  ]
  return fail({ about, title: 'Scripts can read the credential', detail, evidence })
}

function sentAway(foreign: readonly ForeignRequest[], values: readonly string[]): Finding {
  const about = 'other sites'
  const leak = foreign.find(({ url, referer }) => values.some((value) => `${url}\n${referer}`.includes(value)))
  const hosts = [...new Set(foreign.map(({ url }) => new URL(url).host))]
  if (leak === undefined) {
    return pass({
      about,
      title: 'Nothing is sent away',
      detail:
        hosts.length === 0
          ? 'The pages ask no other host.'
          : `The pages ask other hosts (${hosts.join(', ')}), without the credential.`,
    })
  }
  const detail = `A request to ${new URL(leak.url).host} has the credential in its address or Referer.`
  return fail({
    about,
    severity: 'high',
    title: 'The credential is sent to another site',
    detail,
    evidence: [{ says: detail, curl: [], variables: [], exchanges: [] }],
  })
}
