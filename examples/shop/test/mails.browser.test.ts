import type { Browser, Page } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { heading, shopForEachTest, signIn, startShop, type TestShop, textOf } from './shop.ts'

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

let chrome: Browser
let shop: TestShop

shopForEachTest(
  (browser, started) => {
    chrome = browser
    shop = started
  },
  () => startShop(undefined, true),
)

async function device(userAgent: string): Promise<Page> {
  const page = await (await chrome.newContext({ userAgent })).newPage()
  await signIn(page, shop.url, 'alice')
  return page
}

test('somebody who knows the password signs in: the owner gets a mail, and its link ends every session', async () => {
  const alice = await device(CHROME)
  const stranger = await device(FIREFOX)
  expect(await heading(stranger)).toBe('Hello, Alice')
  const mail = await vi.waitFor(() => {
    const found = shop.mails.find(({ text }) => text.includes('Firefox on Windows'))
    expect(found?.to).toBe('alice@example.com')
    return found
  }, 10_000)
  const link = mail?.text.match(/http:\S+this-was-not-me\S*/)?.[0] ?? ''

  const reader = await (await chrome.newContext()).newPage()
  await reader.goto(link)
  await reader.getByRole('button').click()
  for (const page of [alice, stranger]) {
    await page.goto(`${shop.url}/account`)
    expect(await heading(page)).toBe('Sign in')
  }
  await signIn(alice, shop.url, 'alice')
  await vi.waitFor(async () => {
    await alice.goto(`${shop.url}/account`)
    expect(await textOf(alice.locator('.alarm'))).toContain('You told us that a login was not you')
  }, 10_000)
})

test('a browser that signs in again is no news', async () => {
  const alice = await device(CHROME)
  await vi.waitFor(() => expect(shop.mails).toHaveLength(1))
  await alice.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
  await signIn(alice, shop.url, 'alice')
  expect(await heading(alice)).toBe('Hello, Alice')
  expect(shop.mails).toHaveLength(1)
})

test('a new customer gets no warning about the device with which they registered', async () => {
  const page = await (await chrome.newContext({ userAgent: CHROME })).newPage()
  await page.goto(`${shop.url}/sign-up`)
  await page.getByLabel('What shall we call you?').fill('Dora')
  await page.getByLabel('E-mail').fill('dora@example.com')
  await page.getByLabel('Password').fill('a-quiet-lighthouse')
  await page.getByRole('button', { name: 'Make an account' }).click()
  expect(await heading(page)).toBe('Hello, Dora')
  // Mails are sent with the response of a login, so one of a later login comes after it.
  await device(FIREFOX)
  await vi.waitFor(() => expect(shop.mails.map(({ to }) => to)).toEqual(['alice@example.com']))
})
