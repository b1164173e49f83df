import type { Browser, BrowserContext, Frame, Page } from 'playwright-core'
import {
  type Carrier,
  type CookieOptions,
  cookieCarrier,
  type HeaderChange,
  type RequestView,
  type Token,
} from 'sojourn'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { launchChromium, type Site, startSite } from '../support/site.ts'

const TOKEN = 'A'.repeat(54) as Token
const WWW = 'www.shop.example'

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
let carrier: Carrier
let warnings: string[]

/** What the server does on a path's last segment; `?cookie=` is what an attacker's server would set. */
const ACTS: Readonly<Record<string, (view: RequestView) => readonly HeaderChange[]>> = {
  read: () => [],
  write: (view) => carrier.write(view, TOKEN, { maxAgeSeconds: null }),
  remember: (view) => carrier.write(view, TOKEN, { maxAgeSeconds: Number.MAX_SAFE_INTEGER }),
  clear: (view) => carrier.clear(view),
  duplicates: (view) => carrier.clearDuplicates?.(view) ?? [],
  plant: (view) => [
    { name: 'set-cookie', value: new URLSearchParams(view.url.split('?')[1]).get('cookie') ?? '', how: 'append' },
  ],
}

beforeAll(async () => {
  site = await startSite((_, response, view) => {
    const { pathname, searchParams } = new URL(view.url, 'http://unused')
    response.setHeader('content-type', 'text/html')
    if (pathname === '/embed') return void response.end(`<iframe src="${searchParams.get('src')}"></iframe>`)
    const changes = ACTS[pathname.split('/').at(-1) ?? '']?.(view) ?? []
    for (const { name, value } of changes) response.appendHeader(name, value)
    response.end(JSON.stringify(carrier.read(view).values))
  })
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})
beforeEach(async () => {
  context = await browser.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await context.close()
})

function use(options: CookieOptions = {}, env = 'production'): void {
  vi.stubEnv('NODE_ENV', env)
  warnings = []
  carrier = cookieCarrier({ ...options, warn: (message) => warnings.push(message) })
}

/** Goes there, and tells which tokens the server was presented with. */
async function visit(url: string): Promise<readonly string[]> {
  await page.goto(url)
  return JSON.parse((await page.textContent('body')) ?? 'null')
}

/** The same in a frame, within a page of another site. */
async function visitEmbedded(url: string): Promise<readonly string[]> {
  await page.goto(site.https('portal.example', `/embed?src=${encodeURIComponent(url)}`))
  const frame = page.frames().find((candidate: Frame) => candidate.url() === url)
  return JSON.parse((await frame?.textContent('body')) ?? 'null')
}

const plant = (cookie: string) => `/plant?cookie=${encodeURIComponent(cookie)}`

describe('Chromium keeps, sends and forgets the cookie', () => {
  const local = ['localhost', 'shop.localhost', '127.0.0.1'].map(
    (host) => [host, {}, 'development', 'session'] as const,
  )
  test.each([
    ...local.map(([host, options, env, name]) => ({
      at: () => site.http(host, ''),
      title: `http://${host}, in development`,
      options,
      env,
      name,
    })),
    {
      title: 'http://localhost, in production',
      at: () => site.http('localhost', ''),
      options: {},
      env: 'production',
      name: '__Host-session',
    },
    {
      title: 'https, by default',
      at: () => site.https(WWW, ''),
      options: {},
      env: 'production',
      name: '__Host-session',
    },
    {
      title: 'https, in development',
      at: () => site.https('localhost', ''),
      options: {},
      env: 'development',
      name: '__Host-session',
    },
    {
      title: 'https, with a domain',
      at: () => site.https(WWW, ''),
      options: { domain: 'shop.example' },
      env: 'production',
      name: '__Secure-session',
    },
    {
      title: 'https, with a path',
      at: () => site.https(WWW, '/cart'),
      options: { path: '/cart' },
      env: 'production',
      name: '__Secure-session',
    },
    {
      title: 'https, partitioned',
      at: () => site.https(WWW, ''),
      options: { sameSite: 'none', partitioned: true } as const,
      env: 'production',
      name: '__Host-session',
    },
    {
      title: 'https, with a name of the newest prefix',
      at: () => site.https(WWW, ''),
      options: { name: '__Host-Http-id' } as const,
      env: 'production',
      name: '__Host-Http-id',
    },
    {
      title: 'http, when Secure is given up',
      at: () => site.http(WWW, ''),
      options: { insecureOverHttp: true } as const,
      env: 'production',
      name: 'session',
    },
  ])('$title', async ({ at, options, env, name }) => {
    use(options, env)
    expect(await visit(`${at()}/write`)).toEqual([])
    expect(await visit(`${at()}/read`)).toEqual([TOKEN])
    const [kept] = await context.cookies()
    expect(kept).toMatchObject({ name, httpOnly: true, secure: name.startsWith('__'), expires: -1 })
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await visit(`${at()}/duplicates`)).toEqual([TOKEN])
    expect(await visit(`${at()}/clear`)).toEqual([TOKEN])
    expect(await visit(`${at()}/read`)).toEqual([])
    expect(await context.cookies()).toEqual([])
    expect(warnings).toEqual([])
  })

  test('for 400 days at most', async () => {
    use()
    await visit(site.https(WWW, '/remember'))
    const [kept] = await context.cookies()
    const days = ((kept?.expires ?? 0) * 1000 - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(399.9)
    expect(days).toBeLessThan(400.1)
  })
})

describe('Chromium drops the cookie, as the warning says', () => {
  test('over plain HTTP', async () => {
    use()
    await visit(site.http(WWW, '/write'))
    expect(await visit(site.http(WWW, '/read'))).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/plain HTTP/)])
  })

  test('outside its domain', async () => {
    use({ domain: 'other.example' })
    await visit(site.https(WWW, '/write'))
    expect(await visit(site.https(WWW, '/read'))).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/its domain does not match/)])
  })

  test('in a page of another site', async () => {
    use()
    await visitEmbedded(site.https(WWW, '/write'))
    expect(await context.cookies()).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/a page of another site made the request/)])
  })
})

describe('in a page of another site, a partitioned cookie', () => {
  beforeEach(() => use({ sameSite: 'none', partitioned: true }))

  test('works, is unknown elsewhere, and is forgotten where it was set', async () => {
    await visitEmbedded(site.https(WWW, '/write'))
    expect(await visitEmbedded(site.https(WWW, '/read'))).toEqual([TOKEN])
    expect(await visit(site.https(WWW, '/read'))).toEqual([])
    await visit(site.https(WWW, '/clear'))
    expect(await visitEmbedded(site.https(WWW, '/read'))).toEqual([TOKEN])
    await visitEmbedded(site.https(WWW, '/clear'))
    expect(await visitEmbedded(site.https(WWW, '/read'))).toEqual([])
    expect(warnings).toEqual([])
  })

  test('is found beside an unpartitioned twin from before, which clearDuplicates removes', async () => {
    await visit(site.https(WWW, plant('__Host-session=old; Path=/; Secure; SameSite=None')))
    await visit(site.https(WWW, '/write'))
    expect([...(await visit(site.https(WWW, '/duplicates')))].sort()).toEqual([TOKEN, 'old'])
    expect(await visit(site.https(WWW, '/read'))).toEqual([TOKEN])
  })
})

test('a partitioned twin of the default cookie is found beside it, and removed by clearDuplicates', async () => {
  use()
  await visit(site.https(WWW, plant('__Host-session=old; Path=/; Secure; SameSite=None; Partitioned')))
  await visit(site.https(WWW, '/write'))
  expect([...(await visit(site.https(WWW, '/duplicates')))].sort()).toEqual([TOKEN, 'old'])
  expect(await visit(site.https(WWW, '/read'))).toEqual([TOKEN])
})

describe('what a sibling domain plants', () => {
  test('never has a __Host- name', async () => {
    use()
    for (const cookie of [
      '__Host-session=x; Path=/; Secure; Domain=shop.example',
      '__HOST-session=x; Path=/; Secure; Domain=shop.example',
      '=__Host-session=x; Path=/; Secure; Domain=shop.example',
      '__Host-session; Path=/; Secure; Domain=shop.example',
      ' __Host-session=x; Path=/; Domain=shop.example',
    ]) {
      await visit(site.https('evil.shop.example', plant(cookie)))
      await visit(site.http('evil.shop.example', plant(cookie)))
      expect(await visit(site.https(WWW, '/read')), cookie).toEqual([])
    }
  })

  test('is seen beside the real cookie when the domain is shared, and removed by clearDuplicates', async () => {
    use({ domain: 'shop.example' })
    await visit(site.https(WWW, '/account/write'))
    for (const scope of ['Path=/account', 'Path=/account/', 'Path=/account/duplicates']) {
      await visit(site.https('evil.shop.example', plant(`__Secure-session=x; Secure; Domain=shop.example; ${scope}`)))
      expect(await visit(site.https(WWW, '/account/duplicates')), scope).toEqual(['x', TOKEN])
      expect(await visit(site.https(WWW, '/account/duplicates')), scope).toEqual([TOKEN])
    }
  })

  test('and what an earlier configuration left is removed too', async () => {
    use({ domain: 'shop.example', path: '/account' })
    await visit(site.https(WWW, '/account/write'))
    for (const scope of [
      'Path=/',
      'Path=/account',
      'Path=/; Domain=shop.example',
      'Path=/account; Domain=www.shop.example',
    ]) {
      await visit(site.https(WWW, plant(`__Secure-session=old; Secure; ${scope}`)))
      expect([...(await visit(site.https(WWW, '/account/duplicates')))].sort(), scope).toEqual([TOKEN, 'old'])
      expect(await visit(site.https(WWW, '/account/read')), scope).toEqual([TOKEN])
    }
  })
})
