import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createSessions, type Session, SessionError, type Sessions, type SessionsOptions } from 'sojourn'
import { type FormTokensGuard, formTokens } from 'sojourn/guards/form-tokens'
import { withNodeSession } from 'sojourn/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { launchChromium, type Site, startSite } from '../support/site.ts'

/** A bank on three hosts: without any protection, with the default, and with form tokens alone. */
type Kind = 'open' | 'default' | 'tokens'
type Data = Record<string, unknown>

interface Bank {
  readonly sessions: Sessions<Data>
  readonly forms: FormTokensGuard | null
  handle(request: IncomingMessage, response: ServerResponse): unknown
}

/** With these hosts, an attacker tries. The first is of the same site, the second is not. */
const ATTACKERS = ['evil.bank.example', 'evil.example'] as const

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
const banks = new Map<string, Bank>()
/** Who paid, at which bank. */
let paid: string[]
let handshakes: string[]

const hostOf = (kind: Kind): string => `${kind}.bank.example`
const urlOf = (kind: Kind, path: string): string => site.https(hostOf(kind), path)

function createBank(kind: Kind): Bank {
  const forms = kind === 'tokens' ? formTokens({ cookie: { sameSite: 'none' } }) : null
  const options: SessionsOptions<Data> = {
    guards: forms === null ? [] : [forms],
    insecureNoCrossOriginCheck: kind !== 'default',
    // Cross-site requests carry it, so that the guards alone decide.
    cookie: { sameSite: 'none' },
    warn: () => {},
  }
  const sessions = createSessions<Data>(options)
  async function act(request: IncomingMessage, response: ServerResponse, session: Session<Data>): Promise<void> {
    const body = new URLSearchParams(await text(request))
    // Multipart and JSON bodies are not parsed, but the bank without protection does not look at them either.
    forms?.assert(session, Object.fromEntries(body))
    if (request.url === '/login') await session.login('ada')
    if (request.url === '/transfer' && request.method === 'POST') paid.push(`${kind} ${session.userId}`)
    const token = forms?.token(session) ?? ''
    response.setHeader('content-type', 'text/html')
    response.end(`<p>${session.userId}</p><meta name="csrf-token" content="${token}">
      <form method="post" action="/login"><input type="hidden" name="_csrf" value="${token}"><button id="login">Log in</button></form>
      <form method="post" action="/transfer"><input type="hidden" name="_csrf" value="${token}"><button id="send">Send</button></form>`)
  }
  const handle = withNodeSession(sessions, (request, response, session) =>
    act(request, response, session).catch((error: unknown) => {
      response.statusCode = error instanceof SessionError ? error.status : 500
      response.end((error as Error).message)
    }),
  )
  return { sessions, forms, handle }
}

beforeAll(async () => {
  vi.stubEnv('NODE_ENV', 'production')
  for (const kind of ['open', 'default', 'tokens'] as const) banks.set(hostOf(kind), createBank(kind))
  const bankOf = (host: string | null) => banks.get(host?.replace(/:\d+$/, '') ?? '')
  site = await startSite(
    (request, response, view) => {
      const bank = bankOf(view.header('host'))
      if (bank !== undefined) return void bank.handle(request, response)
      request.resume()
      response.setHeader('content-type', 'text/html')
      response.end('<p>You have won!')
    },
    async (view) => {
      const exchange = await bankOf(view.header('host'))?.sessions.open(view)
      handshakes.push(exchange?.answer?.reason ?? String(exchange?.session.userId))
    },
  )
  browser = await launchChromium()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await browser?.close()
  await site?.close()
})
beforeEach(async () => {
  paid = []
  handshakes = []
  context = await browser.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
})
afterEach(() => context.close())

async function login(kind: Kind): Promise<void> {
  await page.goto(urlOf(kind, '/'))
  await page.click('#login')
  await page.waitForURL(urlOf(kind, '/login'))
  expect(await page.textContent('p')).toBe('ada')
}

/** What the page of an attacker does, with a token of the attacker's own. */
const ATTACKS: Readonly<Record<string, (target: string, token: string) => unknown>> = {
  'a form': (target, token) => submit(target, 'application/x-www-form-urlencoded', token),
  'a form with an upload': (target, token) => submit(target, 'multipart/form-data', token),
  'a form of the type text/plain': (target, token) => submit(target, 'text/plain', token),
  'fetch, with a form': (target, token) => send(target, new URLSearchParams({ _csrf: token }).toString(), FORM),
  'fetch, with a body without a type': (target) => send(target, '{"amount":1}', null),
}
const FORM = 'application/x-www-form-urlencoded'

async function submit(url: string, enctype: string, token: string): Promise<void> {
  await page.evaluate(
    ([action, type, value]) => {
      const form = Object.assign(document.createElement('form'), { method: 'POST', action, enctype: type })
      form.append(Object.assign(document.createElement('input'), { name: '_csrf', value }))
      document.body.append(form)
      form.submit()
    },
    [url, enctype, token] as const,
  )
  await page.waitForURL(url)
}

function send(url: string, body: string, type: string | null): Promise<void> {
  return page.evaluate(
    async ([target, content, contentType]) => {
      const blob = contentType === null ? new Blob([content]) : new Blob([content], { type: contentType })
      await fetch(target, { method: 'POST', mode: 'no-cors', credentials: 'include', body: blob }).catch(() => {})
    },
    [url, body, type] as const,
  )
}

/** A token that the attacker got as a visitor of the bank. */
async function attackersToken(): Promise<string> {
  const other = await browser.newContext({ ignoreHTTPSErrors: true })
  try {
    const visitor = await other.newPage()
    await visitor.goto(urlOf('tokens', '/'))
    return (await visitor.getAttribute('meta', 'content')) ?? ''
  } finally {
    await other.close()
  }
}

describe.each(ATTACKERS)('in Chromium, a page of %s', (attacker) => {
  test('pays where nothing protects, and nowhere else, with a form or a script', async () => {
    const token = await attackersToken()
    const kinds = ['open', 'default', 'tokens'] as const
    for (const kind of kinds) await login(kind)
    const outcomes: Record<string, string> = {}
    for (const [name, attack] of Object.entries(ATTACKS)) {
      paid = []
      for (const kind of kinds) {
        await page.goto(site.https(attacker, '/'))
        await attack(urlOf(kind, '/transfer'), token)
      }
      outcomes[name] = paid.join()
    }
    // Chromium sends no cookies with scripts of other sites, but older browsers do.
    const byScript = attacker === 'evil.example' ? 'open null' : 'open ada'
    expect(outcomes).toEqual({
      'a form': 'open ada',
      'a form with an upload': 'open ada',
      'a form of the type text/plain': 'open ada',
      'fetch, with a form': byScript,
      'fetch, with a body without a type': byScript,
    })
  })

  test('cannot add the header, because the preflight fails', async () => {
    await login('tokens')
    await page.goto(site.https(attacker, '/'))
    const outcome = await page.evaluate(
      ([target, token]) =>
        fetch(target, { method: 'POST', credentials: 'include', headers: { 'x-csrf-token': token } }).then(
          () => 'sent',
          () => 'refused',
        ),
      [urlOf('tokens', '/transfer'), await attackersToken()] as const,
    )
    expect([outcome, paid]).toEqual(['refused', []])
  })

  test('logs nobody in as the attacker, with a token and a cookie of its own', async () => {
    const own = await browser.newContext({ ignoreHTTPSErrors: true })
    const visitor = await own.newPage()
    await visitor.goto(urlOf('tokens', '/'))
    const token = (await visitor.getAttribute('meta', 'content')) ?? ''
    const [key] = await own.cookies()
    await own.close()
    expect(key?.name).toBe('__Host-form-tokens')
    await page.goto(site.https(attacker, '/'))
    await page.evaluate((value) => {
      for (const name of ['__Host-form-tokens', 'form-tokens'])
        for (const domain of ['', '; Domain=bank.example']) {
          // biome-ignore lint/suspicious/noDocumentCookie: every browser has it
          document.cookie = `${name}=${value}; Path=/; Secure; SameSite=None${domain}`
        }
    }, key?.value ?? '')
    await submit(urlOf('tokens', '/login'), FORM, token)
    expect(await page.textContent('body')).toMatch(/out of date/)
    expect((await context.cookies(urlOf('tokens', '/'))).map(({ name }) => name)).not.toContain('__Host-session')
  })

  test('opens a WebSocket as the user where nothing protects, and gets a 403 by default', async () => {
    for (const kind of ['open', 'default'] as const) {
      await login(kind)
      await page.goto(site.https(attacker, '/'))
      await connect(kind)
    }
    expect(handshakes).toEqual([attacker === 'evil.example' ? 'null' : 'ada', 'cross-origin'])
  })
})

function connect(kind: Kind): Promise<void> {
  return page.evaluate(
    (url) =>
      new Promise<void>((done) => {
        const socket = new WebSocket(url)
        socket.onopen = socket.onerror = () => done()
      }),
    urlOf(kind, '/chat').replace('https', 'wss'),
  )
}

describe('in Chromium, the own page', () => {
  test.each<Kind>(['default', 'tokens'])('%s: logs in and pays with a form, twice', async (kind) => {
    await login(kind)
    await page.click('#send')
    await page.waitForURL(urlOf(kind, '/transfer'))
    await Promise.all([page.waitForEvent('load'), page.click('#send')])
    expect(paid).toEqual([`${kind} ada`, `${kind} ada`])
  })

  test.each<Kind>(['default', 'tokens'])('%s: pays with a script that sends the header, as htmx does', async (kind) => {
    await login(kind)
    const status = await page.evaluate(async () => {
      const token = document.querySelector<HTMLMetaElement>('meta[name=csrf-token]')?.content ?? ''
      return (await fetch('/transfer', { method: 'POST', headers: { 'x-csrf-token': token } })).status
    })
    expect([status, paid]).toEqual([200, [`${kind} ada`]])
  })

  test.each<Kind>(['default', 'tokens'])('%s: opens a WebSocket as the user', async (kind) => {
    await login(kind)
    await connect(kind)
    expect(handshakes).toEqual(['ada'])
  })

  test('that was open while another tab logged in says to reload, and works after that', async () => {
    await page.goto(urlOf('tokens', '/'))
    const other = page
    page = await context.newPage()
    await login('tokens')
    await other.click('#send')
    await other.waitForURL(urlOf('tokens', '/transfer'))
    expect(await other.textContent('body')).toMatch(/Reload the page/)
    await other.goto(urlOf('tokens', '/'))
    await other.click('#send')
    await other.waitForURL(urlOf('tokens', '/transfer'))
    expect(paid).toEqual(['tokens ada'])
  })

  test('that the user returns to after the login has a new token, because no cache kept it', async () => {
    await login('tokens')
    await page.goBack()
    await page.click('#send')
    await page.waitForURL(urlOf('tokens', '/transfer'))
    expect(paid).toEqual(['tokens ada'])
  })
})
