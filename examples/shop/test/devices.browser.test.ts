import type { Browser, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { heading, shopForEachTest, signIn, type TestShop, textOf } from './shop.ts'

let chrome: Browser
let shop: TestShop

shopForEachTest((browser, started) => {
  chrome = browser
  shop = started
})

async function device(name: 'alice' | 'bob', options: { password?: string; userAgent?: string } = {}): Promise<Page> {
  const context = await chrome.newContext(options.userAgent === undefined ? {} : { userAgent: options.userAgent })
  const page = await context.newPage()
  await signIn(page, shop.url, name, options)
  return page
}

async function isSignedIn(page: Page): Promise<boolean> {
  await page.goto(`${shop.url}/account`)
  return (await heading(page)).startsWith('Hello')
}

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'

test('two browsers of one user see each other, and one ends the other', async () => {
  const laptop = await device('alice')
  const phone = await device('alice', { userAgent: PHONE })
  await laptop.goto(`${shop.url}/account`)

  const rows = laptop.locator('.device')
  expect(await rows.count()).toBe(2)
  expect(await rows.filter({ hasText: 'This device' }).count()).toBe(1)
  expect(await rows.filter({ hasText: 'This device' }).getByRole('button').count()).toBe(0)
  const other = rows.filter({ hasText: 'Safari on iPhone' })
  expect(await textOf(other)).toContain('Network 127.0.0.')

  await other.getByRole('button', { name: /^End/ }).click()
  expect(await textOf(laptop.getByRole('status'))).toContain('That device is signed out.')
  expect(await rows.count()).toBe(1)

  expect(await isSignedIn(phone)).toBe(false)
  expect(await textOf(phone.getByRole('status'))).toContain('This device was signed out.')
  expect(await isSignedIn(laptop)).toBe(true)
})

test('a user cannot end, or even find, the session of another', async () => {
  const alice = await device('alice')
  const bob = await device('bob')
  await alice.goto(`${shop.url}/account`)
  await alice.getByText('Look inside this session').click()
  const aliceId = await textOf(alice.locator('.peek dd').first())

  await bob.goto(`${shop.url}/account`)
  expect(await bob.locator('.device').count()).toBe(1)
  const answer = await bob.request.post(`${shop.url}/account/devices/${aliceId}/end`, { headers: { origin: shop.url } })
  expect(await answer.text()).toContain('signed out already')
  expect(await isSignedIn(alice)).toBe(true)
})

test('ending all other devices keeps this one', async () => {
  const here = await device('alice')
  const others = [await device('alice'), await device('alice')]
  await here.goto(`${shop.url}/account`)
  await here.getByRole('button', { name: 'End all the others' }).click()
  expect(await textOf(here.getByRole('status'))).toContain('2 other devices are signed out.')
  for (const other of others) expect(await isSignedIn(other)).toBe(false)
  expect(await isSignedIn(here)).toBe(true)
})

test('signing out everywhere ends this device too', async () => {
  const here = await device('alice')
  const other = await device('alice')
  const bob = await device('bob')
  await here.goto(`${shop.url}/account`)
  await here.getByRole('button', { name: 'Sign out everywhere' }).click()
  expect(await heading(here)).toBe('Until next time')
  expect(await here.context().cookies()).toEqual([])
  expect(await isSignedIn(here)).toBe(false)
  expect(await isSignedIn(other)).toBe(false)
  expect(await isSignedIn(bob)).toBe(true)
})

test('changing the password asks for the old one, takes a fresh token and ends the other devices', async () => {
  const here = await device('alice')
  const other = await device('alice')
  const before = await here.context().cookies()
  await here.goto(`${shop.url}/account/password`)

  await here.getByLabel('Your password now').fill('not her password')
  await here.getByLabel('Your new password').fill('four-words-never-met')
  await here.getByRole('button', { name: 'Change it' }).click()
  expect(await textOf(here.locator('.error'))).toBe('That is not your password.')
  expect(await isSignedIn(other)).toBe(true)

  await here.goto(`${shop.url}/account/password`)
  await here.getByLabel('Your password now').fill('lantern-in-the-window')
  await here.getByLabel('Your new password').fill('four-words-never-met')
  await here.getByRole('button', { name: 'Change it' }).click()
  expect(await textOf(here.getByRole('status'))).toContain('Other devices signed out: 1.')
  expect((await here.context().cookies())[0]?.value).not.toBe(before[0]?.value)
  expect(await isSignedIn(here)).toBe(true)
  expect(await isSignedIn(other)).toBe(false)

  await signIn(other, shop.url, 'alice')
  expect(await textOf(other.getByRole('alert'))).toContain('do not belong together')
  await signIn(other, shop.url, 'alice', { password: 'four-words-never-met' })
  expect(await heading(other)).toBe('Hello, Alice')
})

test('a person who finds an open session needs the password to end the other devices', async () => {
  const found = await device('alice')
  await device('alice')
  shop.advance(11 * 60_000)
  for (const name of ['End all the others', 'Sign out everywhere']) {
    await found.goto(`${shop.url}/account`)
    await found.getByRole('button', { name }).click()
    expect(await heading(found)).toBe('Still you?')
  }
  await found.goto(`${shop.url}/account`)
  expect(await found.locator('.device').count()).toBe(2)
})

test('renewal: used for hours in two tabs at once, nobody is signed out while the token changes', async () => {
  const tab = await device('alice')
  const other = await tab.context().newPage()
  const tokens = new Set<string | undefined>()
  for (let visit = 0; visit < 8; visit++) {
    shop.advance(25 * 60_000)
    expect(await Promise.all([isSignedIn(tab), isSignedIn(other)])).toEqual([true, true])
    tokens.add((await tab.context().cookies())[0]?.value)
  }
  expect(tokens.size).toBeGreaterThan(2)
})
