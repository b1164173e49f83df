import type { Browser, Page } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { heading, shopForEachTest, signIn, type TestShop, textOf } from './shop.ts'

const MINUTE = 60_000
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

let chrome: Browser
let shop: TestShop

shopForEachTest((browser, started) => {
  chrome = browser
  shop = started
})

async function owner(userAgent = CHROME): Promise<Page> {
  const page = await (await chrome.newContext({ userAgent })).newPage()
  await signIn(page, shop.url, 'alice')
  return page
}

/** A browser with another name, to which the cookies of `victim` were copied. */
async function thiefOf(victim: Page): Promise<Page> {
  const context = await chrome.newContext({ userAgent: FIREFOX })
  await context.addCookies(await victim.context().cookies())
  return context.newPage()
}

async function open(page: Page, path: string): Promise<string> {
  await page.goto(shop.url + path)
  return heading(page)
}

async function press(page: Page, name: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.locator('.alarm').getByText(name, { exact: true }).click()])
}

async function prove(page: Page): Promise<void> {
  await page.getByLabel('Password for').fill('lantern-in-the-window')
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Yes, it is me' }).click()])
}

/** What the account page says about each alarm. */
async function alarmsOn(page: Page): Promise<string[]> {
  await page.goto(`${shop.url}/account`)
  return Promise.all((await page.locator('.alarm').all()).map(textOf))
}

/** The one alarm, once it is there: it is stored after the response to the thief. */
function alarmOn(page: Page): Promise<string> {
  return vi.waitFor(async () => {
    const [alarm = '', ...others] = await alarmsOn(page)
    expect(others).toEqual([])
    expect(alarm).not.toBe('')
    return alarm
  }, 10_000)
}

test('a copied cookie in another browser: the owner sees an alarm, shuts the copy out, and stays signed in', async () => {
  const alice = await owner()
  expect(await alarmsOn(alice)).toEqual([])
  const thief = await thiefOf(alice)
  expect(await open(thief, '/account')).toBe('Hello, Alice')

  const alarm = await alarmOn(alice)
  expect(alarm).toContain('Your session was used in another browser')
  expect(alarm).toMatch(/just now, the session of Chrome on Linux, this device/)
  expect(alarm).toContain('Chrome 150 on Linux and now Firefox 140 on Windows')
  expect(await textOf(alice.getByRole('navigation', { name: 'Yours' }))).toContain('Alice 1 to look at')

  await press(alice, 'Shut the copy out')
  expect(await heading(alice)).toBe('Still you?')
  await prove(alice)
  expect(await heading(alice)).toBe('Hello, Alice')
  expect(await open(thief, '/account')).toBe('Sign in')
  expect(await open(alice, '/account')).toBe('Hello, Alice')

  await press(alice, 'This was me')
  expect(await alarmsOn(alice)).toEqual([])
})

test('a thief with a copied cookie can do nothing important, not even within minutes of the login, nor answer the alarm', async () => {
  const alice = await owner()
  await owner(PHONE)
  const thief = await thiefOf(alice)
  await open(thief, '/account')
  for (const path of ['/account/password', '/account/passkeys']) expect(await open(thief, path)).toBe('Still you?')
  await alarmOn(thief)
  await press(thief, 'This was me')
  expect(await heading(thief)).toBe('Still you?')
  await open(thief, '/account')
  await thief.getByRole('button', { name: 'End all the others' }).click()
  expect(await heading(thief)).toBe('Still you?')
  expect(await alarmsOn(alice)).toHaveLength(1)
  expect(await alice.locator('.device').count()).toBe(2)
})

test('the owner sees it on another device, ends that session there, and the thief is out', async () => {
  const alice = await owner()
  const phone = await owner(PHONE)
  const thief = await thiefOf(alice)
  await open(thief, '/account')
  expect(await alarmOn(phone)).toContain('If it was not you, end that session and change your password.')
  await press(phone, 'End that session')
  expect(await open(thief, '/account')).toBe('Sign in')
  expect(await open(alice, '/account')).toBe('Sign in')
  expect(await alarmsOn(phone)).toEqual([expect.stringContaining('That session has ended.')])
})

test('changing the password ends the thief’s copy and every other session', async () => {
  const alice = await owner()
  const phone = await owner(PHONE)
  const thief = await thiefOf(alice)
  await open(thief, '/account')
  await alarmOn(alice)
  await press(alice, 'Change your password')
  await prove(alice)
  await alice.getByLabel('Your password now').fill('lantern-in-the-window')
  await alice.getByLabel('Your new password').fill('four-words-never-met')
  await alice.getByRole('button', { name: 'Change it' }).click()
  expect(await textOf(alice.getByRole('status'))).toContain('Other devices signed out: 1.')
  expect(await open(thief, '/account')).toBe('Sign in')
  expect(await open(phone, '/account')).toBe('Sign in')
  expect(await open(alice, '/account')).toBe('Hello, Alice')
})

test('an old copy of the cookie opens nothing, and raises an alarm', async () => {
  const alice = await owner()
  const thief = await thiefOf(alice)
  for (let visit = 0; visit < 8; visit++) {
    shop.advance(25 * MINUTE)
    expect(await open(alice, '/account')).toBe('Hello, Alice')
  }
  expect(await open(thief, '/account')).toBe('Sign in')
  expect(await alarmOn(alice)).toContain('An old copy of your session was used')
})

test('the alarms of a user are shown to nobody else, and nobody else can answer them', async () => {
  const alice = await owner()
  await open(await thiefOf(alice), '/account')
  await alarmOn(alice)
  const action = await alice.locator('.alarm form').last().getAttribute('action')

  const bob = await (await chrome.newContext()).newPage()
  await signIn(bob, shop.url, 'bob')
  expect(await alarmsOn(bob)).toEqual([])
  await bob.request.post(`${shop.url}${action}`, { headers: { origin: shop.url } })
  expect(await alarmsOn(alice)).toHaveLength(1)
})

test('an honest user sees no alarm: the same browser, newer each time it was updated', async () => {
  let page = await owner()
  for (const major of [151, 152, 153]) {
    shop.advance(20 * MINUTE)
    const updated = await chrome.newContext({ userAgent: CHROME.replace('150', String(major)) })
    await updated.addCookies(await page.context().cookies())
    page = await updated.newPage()
    expect(await open(page, '/account')).toBe('Hello, Alice')
    expect(await alarmsOn(page)).toEqual([])
  }
})
