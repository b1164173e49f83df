import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type CrossOriginGuard, cookieCarrier, crossOriginGuard } from 'sojourn'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium, type Site, startSite } from '../support/site.ts'

const carrier = cookieCarrier()
const SHOP = 'www.shop.example'

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
let guard: CrossOriginGuard
/** The results of the state-changing requests, in order. */
let outcomes: string[]
/** The results of the requests that open a WebSocket. */
let handshakes: string[]

beforeAll(async () => {
  site = await startSite(
    (request, response, view) => {
      request.resume()
      response.setHeader('content-type', 'text/html')
      if (!view.header('host')?.startsWith(SHOP)) return void response.end('<p>a page of another origin')
      const answer = guard.check({ view, carrier, presents: true })
      if (view.method === 'POST')
        outcomes.push(`${view.header('sec-fetch-site') ?? 'silent'}: ${answer === null ? 'allowed' : 'denied'}`)
      response.statusCode = answer?.status ?? 200
      response.end(answer?.message ?? '<p>the shop')
    },
    (view) => handshakes.push(guard.check({ view, carrier, presents: true }) === null ? 'allowed' : 'denied'),
  )
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})
beforeEach(async () => {
  guard = crossOriginGuard()
  outcomes = []
  handshakes = []
  context = await browser.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
})
afterEach(() => context.close())

/** From the page that is open: a form as a script submits it, and a request by `fetch` that asks for no leave. */
async function attack(target: string): Promise<void> {
  await page.evaluate(
    (url) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' }).catch(() => {}),
    target,
  )
  await page.evaluate((url) => {
    const form = Object.assign(document.createElement('form'), { method: 'POST', action: url })
    document.body.append(form)
    form.submit()
  }, target)
  await page.waitForURL(target)
}

describe('in Chromium, requests that change something', () => {
  test.each<[what: string, from: () => string, to: () => string, outcomes: readonly string[]]>([
    [
      'from our own page',
      () => site.https(SHOP, '/'),
      () => site.https(SHOP, '/buy'),
      ['same-origin: allowed', 'same-origin: allowed'],
    ],
    [
      'from another site',
      () => site.https('evil.example', '/'),
      () => site.https(SHOP, '/buy'),
      ['cross-site: denied', 'cross-site: denied'],
    ],
    [
      'from a sibling of ours',
      () => site.https('blog.shop.example', '/'),
      () => site.https(SHOP, '/buy'),
      ['same-site: denied', 'same-site: denied'],
    ],
    [
      'from our own page, over plain HTTP',
      () => site.http(SHOP, '/'),
      () => site.http(SHOP, '/buy'),
      ['silent: allowed', 'silent: allowed'],
    ],
    [
      'from another site, over plain HTTP',
      () => site.http('evil.example', '/'),
      () => site.http(SHOP, '/buy'),
      ['silent: denied', 'silent: denied'],
    ],
  ])('%s', async (_, from, to, expected) => {
    await page.goto(from())
    await attack(to())
    expect(outcomes).toEqual(expected)
  })

  test('from a trusted origin', async () => {
    guard = crossOriginGuard({ trustedOrigins: [new URL(site.https('blog.shop.example', '/')).origin] })
    await page.goto(site.https('blog.shop.example', '/'))
    await attack(site.https(SHOP, '/buy'))
    expect(outcomes).toEqual(['same-site: allowed', 'same-site: allowed'])
  })

  test('to an exempt path', async () => {
    guard = crossOriginGuard({ insecureExemptPaths: ['/saml/*'] })
    await page.goto(site.https('idp.example', '/'))
    await attack(site.https(SHOP, '/saml/acs'))
    expect(outcomes).toEqual(['cross-site: allowed', 'cross-site: allowed'])
    await page.goto(site.https('idp.example', '/'))
    await attack(site.https(SHOP, '/saml/%2e%2e%2fbuy'))
    expect(outcomes.slice(2)).toEqual(['cross-site: denied', 'cross-site: denied'])
  })

  test('from a sandboxed frame, whose origin is null', async () => {
    await page.goto(site.http('evil.example', '/'))
    await page.evaluate(
      (url) => {
        const frame = document.createElement('iframe')
        frame.setAttribute('sandbox', 'allow-scripts allow-forms')
        frame.srcdoc = `<form method="POST" action="${url}"></form><script>document.forms[0].submit()</script>`
        document.body.append(frame)
      },
      site.http(SHOP, '/buy'),
    )
    await expect.poll(() => outcomes).toEqual(['silent: denied'])
  })

  test('after a link from another site was followed, from the page that it led to', async () => {
    await page.goto(site.https('evil.example', '/'))
    await page.evaluate((url) => location.assign(url), site.https(SHOP, '/'))
    await page.waitForURL(site.https(SHOP, '/'))
    expect(await page.textContent('p')).toBe('the shop')
    await attack(site.https(SHOP, '/buy'))
    expect(outcomes).toEqual(['same-origin: allowed', 'same-origin: allowed'])
  })
})

describe('in Chromium, a WebSocket', () => {
  type Scheme = 'http' | 'https'
  test.each<[page: string, host: string, scheme: Scheme, outcome: string]>([
    ['our own page', SHOP, 'https', 'allowed'],
    ['a sibling of ours', 'blog.shop.example', 'https', 'denied'],
    ['another site', 'evil.example', 'https', 'denied'],
    ['our own page', SHOP, 'http', 'allowed'],
    ['a sibling of ours', 'blog.shop.example', 'http', 'denied'],
    ['another site', 'evil.example', 'http', 'denied'],
  ])('from %s (%s, %s): %s', async (_, host, scheme, outcome) => {
    await page.goto(site[scheme](host, '/'))
    const target = site[scheme](SHOP, '/chat').replace('http', 'ws')
    await page.evaluate(
      (url) =>
        new Promise<void>((done) => {
          const socket = new WebSocket(url)
          socket.onopen = socket.onerror = () => done()
        }),
      target,
    )
    expect(handshakes).toEqual([outcome])
  })

  test('from a page of ours with Referrer-Policy: no-referrer', async () => {
    await page.goto(site.https(SHOP, '/'))
    await page.evaluate(
      (url) =>
        new Promise<void>((done) => {
          document.head.insertAdjacentHTML('beforeend', '<meta name="referrer" content="no-referrer">')
          const socket = new WebSocket(url)
          socket.onopen = socket.onerror = () => done()
        }),
      site.https(SHOP, '/chat').replace('http', 'ws'),
    )
    expect(handshakes).toEqual(['allowed'])
  })
})

test('in Chromium, a form of a page with Referrer-Policy: no-referrer hides its origin, and the refusal says why', async () => {
  await page.goto(site.http(SHOP, '/'))
  await page.evaluate(
    (url) => {
      document.head.insertAdjacentHTML('beforeend', '<meta name="referrer" content="no-referrer">')
      const form = Object.assign(document.createElement('form'), { method: 'POST', action: url })
      document.body.append(form)
      form.submit()
    },
    site.http(SHOP, '/buy'),
  )
  await page.waitForURL(site.http(SHOP, '/buy'))
  expect(outcomes).toEqual(['silent: denied'])
  expect(await page.textContent('body')).toMatch(/hides which page.*Referrer-Policy: same-origin/)
})
