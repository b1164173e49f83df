import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { addAuthenticator, addToCart, heading, launchBrowser, signIn, startShop, type TestShop } from './shop.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let chrome: Browser
let shop: TestShop

beforeAll(async () => {
  chrome = await launchBrowser()
  shop = await startShop()
})
afterAll(async () => {
  await chrome.close()
  await shop.close()
})

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[] }[]
}

/** The faults that axe finds, as `rule: where`. The page's own policy does not apply to the tool. */
async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: Violation[]
  }
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

/** Every page there is, by what a visitor does to see it. */
const pages: readonly (readonly [string, (page: Page, url: string) => Promise<unknown>])[] = [
  ['home', (page, url) => page.goto(url)],
  ['shelf', (page, url) => page.goto(`${url}/shelf/rest`)],
  ['product, just added', (page, url) => addToCart(page, url, 'steel-flask')],
  ['empty cart', (page, url) => page.goto(`${url}/cart`)],
  ['cart', (page, url) => addToCart(page, url, 'linen-map').then(() => page.goto(`${url}/cart`))],
  ['sign in', (page, url) => page.goto(`${url}/sign-in`)],
  ['sign in, wrong', (page, url) => signIn(page, url, 'bob', { password: 'wrong' })],
  ['sign up', (page, url) => page.goto(`${url}/sign-up`)],
  ['sign up, taken', signUpAsAlice],
  ['not found', (page, url) => page.goto(`${url}/nowhere`)],
  ['account', (page, url) => signIn(page, url, 'alice')],
  [
    'account, session unfolded',
    (page, url) => signIn(page, url, 'alice').then(() => page.getByText('Look inside').click()),
  ],
  ['account, with an alarm', seeAlarm],
  ['password', (page, url) => signIn(page, url, 'alice').then(() => page.goto(`${url}/account/password`))],
  ['still you?', (page, url) => signIn(page, url, 'alice').then(() => page.goto(`${url}/confirm`))],
  ['checkout', goToCheckout],
  [
    'order',
    (page, url) => goToCheckout(page, url).then(() => page.getByRole('button', { name: 'Place the order' }).click()),
  ],
  ['passkeys', (page, url) => signIn(page, url, 'alice').then(() => page.goto(`${url}/account/passkeys`))],
  ['passkey', askForPasskey],
  ['goodbye', (page, url) => page.goto(`${url}/goodbye`)],
]

/** Firefox with a copy of the cookie. */
async function seeAlarm(page: Page, url: string): Promise<void> {
  await signIn(page, url, 'bob')
  const [cookie] = await page.context().cookies()
  await fetch(`${url}/account`, {
    headers: {
      cookie: `${cookie?.name}=${cookie?.value}`,
      'user-agent': 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0',
    },
  })
  await vi.waitFor(async () => {
    await page.goto(`${url}/account`)
    expect(await page.locator('.alarm').count()).toBe(1)
  }, 10_000)
}

async function signUpAsAlice(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/sign-up`)
  await page.getByLabel('What shall we call you?').fill('Alice')
  await page.getByLabel('E-mail').fill('Alice@Example.com')
  await page.getByLabel('Password').fill('a long enough password')
  await page.getByRole('button', { name: 'Make an account' }).click()
  await page.getByText('an account with this address').waitFor()
}

async function askForPasskey(page: Page, url: string): Promise<void> {
  await addAuthenticator(page)
  await page.goto(`${url}/sign-up`)
  await page.getByLabel('What shall we call you?').fill('Carol')
  await page.getByLabel('E-mail').fill('carol@example.com')
  await page.getByLabel('Password').fill('a long enough password')
  await page.getByRole('button', { name: 'Make an account' }).click()
  await page.waitForURL('**/account')
  await page.goto(`${url}/account/passkeys`)
  await page.getByRole('button', { name: 'Make a passkey' }).click()
  await page.waitForURL('**/account')
  await page.goto(`${url}/account/passkeys`)
}

async function goToCheckout(page: Page, url: string): Promise<void> {
  await signIn(page, url, 'alice')
  await addToCart(page, url, 'linen-map')
  await page.goto(`${url}/checkout`)
}

describe.each(pages)('%s', (name, visit) => {
  test('is accessible, fits a phone and a desk, in the light and in the dark, and says nothing in the console', async () => {
    const context = await chrome.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await visit(page, shop.url)

    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 740 })
      expect(await axe(page), `${name}, ${colorScheme}, ${width}`).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth'), `${name} at ${width}`).toBe(width)
    }
    // The browser itself reports an answer of 404, 422 or 429 to a navigation, and a field that was filled before it had
    // come to focus the first one.
    expect(complaints.filter((text) => !/status of 4(04|22|29)|Autofocus processing was blocked/.test(text))).toEqual(
      [],
    )
    await context.close()
  })
})

test('from the keyboard alone: skip to the content, or go from link to link', async () => {
  const page = await (await chrome.newContext()).newPage()
  await page.goto(shop.url)
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Carry')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/things/two-night-bag')
  expect(await heading(page)).toBe('Two-Night Bag')
})
