import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { launchBound, type SecureSite, startSecureSite } from '../../../packages/sojourn/test/support/bound-chromium.ts'
import { heading, launchBrowser, signIn, startShop, type TestShop, temporaryFolder, textOf } from './shop.ts'

const MINUTE = 60_000
const BOUND = '__Host-session-bound'

let site: SecureSite
let shop: TestShop
let profile: ReturnType<typeof temporaryFolder>
let alice: BrowserContext
let page: Page

beforeAll(async () => {
  site = await startSecureSite()
})
afterAll(() => site.close())
beforeEach(async () => {
  shop = await startShop(site)
  profile = temporaryFolder()
  alice = await launchBound(site, profile.path)
  page = await alice.newPage()
  await signIn(page, shop.url, 'alice')
  await vi.waitFor(async () => expect((await alice.cookies(shop.url)).map(({ name }) => name)).toContain(BOUND), 5000)
  // The browser may send requests without the cookie while it registers.
  shop.advance(2 * MINUTE)
})
afterEach(async () => {
  await alice.close()
  await shop.close()
  profile.remove()
})

async function account(on: Page): Promise<string> {
  await on.goto(`${shop.url}/account`)
  return heading(on)
}

test('a browser that can bind sessions does so, the device list says it, and another browser signs in unbound', async () => {
  expect(await account(page)).toBe('Hello, Alice')
  const chrome = await launchBrowser()
  try {
    const context = await chrome.newContext({ ignoreHTTPSErrors: true })
    const other = await context.newPage()
    await signIn(other, shop.url.replace('shop.example', 'localhost'), 'alice')
    expect(await heading(other)).toBe('Hello, Alice')
    const rows = other.locator('.device')
    expect(await rows.count()).toBe(2)
    expect(await textOf(rows.filter({ hasText: 'This device' }))).not.toContain('Bound to the device')
    expect(await textOf(rows.filter({ hasNotText: 'This device' }))).toContain('Bound to the device')
  } finally {
    await chrome.close()
  }
})

test('a copied cookie of a bound session opens nothing in a second browser, the owner sees an alarm and stays signed in', async () => {
  const folder = temporaryFolder()
  const thief = await launchBound(site, folder.path)
  try {
    await thief.addCookies((await alice.cookies(shop.url)).filter(({ name }) => name !== BOUND))
    const stolen = await thief.newPage()
    expect(await account(stolen)).toBe('Sign in')
    // With both cookies, until the bound one expires.
    await thief.addCookies(await alice.cookies(shop.url))
    shop.advance(11 * MINUTE)
    expect(await account(stolen)).toBe('Sign in')
  } finally {
    await thief.close()
    folder.remove()
  }
  expect(await account(page)).toBe('Hello, Alice')
  expect(await textOf(page.locator('.alarm'))).toContain('A copy of your session was turned away')
})

test('signing in, using the shop for an hour and signing out work as in every other browser', async () => {
  for (let visit = 0; visit < 6; visit++) {
    shop.advance(10 * MINUTE)
    await alice.clearCookies({ name: BOUND })
    expect(await account(page)).toBe('Hello, Alice')
  }
  expect(await page.locator('.alarm').count()).toBe(0)
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
  expect(await heading(page)).toBe('Until next time')
  expect(await account(page)).toBe('Sign in')
})
