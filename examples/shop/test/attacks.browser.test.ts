import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext } from 'playwright-core'
import { expect, test } from 'vitest'
import { addToCart, cartOf, fillSignIn, heading, shopForEachTest, signIn, type TestShop, textOf } from './shop.ts'

let chrome: Browser
let shop: TestShop

shopForEachTest((browser, started) => {
  chrome = browser
  shop = started
})

test('fixation: the session that an attacker planted does not become the victim’s', async () => {
  const attacker = await (await chrome.newContext()).newPage()
  await addToCart(attacker, shop.url, 'enamel-cup')
  const planted = await attacker.context().cookies()
  expect(planted).toHaveLength(1)

  const victim = await (await chrome.newContext()).newPage()
  await victim.context().addCookies(planted)
  expect(await cartOf(victim, shop.url)).toEqual(['1 of Enamel Cup'])
  await signIn(victim, shop.url, 'alice')
  expect(await heading(victim)).toBe('Hello, Alice')
  expect((await victim.context().cookies())[0]?.value).not.toBe(planted[0]?.value)

  await attacker.goto(`${shop.url}/account`)
  expect(await heading(attacker)).toBe('Sign in')
  expect(await cartOf(attacker, shop.url)).toEqual([])
})

test('a copy of the cookie is worth nothing after sign-out', async () => {
  const page = await (await chrome.newContext()).newPage()
  await signIn(page, shop.url, 'alice')
  const thief = await chrome.newContext()
  await thief.addCookies(await page.context().cookies())
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
  expect(await heading(page)).toBe('Until next time')

  const stolen = await thief.newPage()
  await stolen.goto(`${shop.url}/account`)
  expect(await heading(stolen)).toBe('Sign in')
})

test('after sign-out the back button shows no account page', async () => {
  const page = await (await chrome.newContext()).newPage()
  await signIn(page, shop.url, 'alice')
  await page.goto(`${shop.url}/account`)
  expect(await page.getByText('alice@example.com').count()).toBe(1)
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
  expect(await heading(page)).toBe('Until next time')

  await page.goBack()
  expect(await page.getByText('alice@example.com').count()).toBe(0)
  expect(await heading(page)).toBe('Sign in')
})

test.each([
  ['a sibling of the same site, to which the browser sends the cookie along', 'localhost'],
  ['another site', '127.0.0.1'],
])('cross-site request forgery from %s is refused', async (_, host) => {
  const context = await chrome.newContext()
  const page = await context.newPage()
  await signIn(page, shop.url, 'alice')

  const trap = await servePage(
    `<form method="post" action="${shop.url}/sign-out-everywhere"><button>Win a bag</button></form>`,
  )
  try {
    await page.goto(`http://${host}:${trap.port}/`)
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().startsWith(shop.url)),
      page.getByRole('button').click(),
    ])
    expect(answer.status()).toBe(403)
  } finally {
    trap.server.close()
  }
  await page.goto(`${shop.url}/account`)
  expect(await heading(page)).toBe('Hello, Alice')
})

test('guessing passwords is stopped, for right guesses too, and other people sign in as before', async () => {
  const page = await (await chrome.newContext()).newPage()
  await page.goto(`${shop.url}/sign-in`)
  for (let guess = 0; guess < 8; guess++) {
    await fillSignIn(page, 'alice', { password: `guess number ${guess}` })
    expect(await textOf(page.getByRole('alert'))).toContain('do not belong together')
  }
  await fillSignIn(page, 'alice')
  expect(await textOf(page.getByRole('alert'))).toContain('Too many tries')

  await signIn(page, shop.url, 'bob')
  expect(await heading(page)).toBe('Hello, Bob')
})

test('a name made of markup is shown, not run', async () => {
  const page = await (await chrome.newContext()).newPage()
  await page.goto(`${shop.url}/sign-up`)
  const name = '<img src=x onerror=alert(1)>"\'&'
  await page.getByLabel('What shall we call you?').fill(name)
  await page.getByLabel('E-mail').fill('mallory@example.com')
  await page.getByLabel('Password').fill('a long enough password')
  await page.getByRole('button', { name: 'Make an account' }).click()
  expect(await heading(page)).toBe(`Hello, ${name}`)
})

test('looking around leaves no cookie, and no page can be framed or run a script', async () => {
  const context: BrowserContext = await chrome.newContext()
  const page = await context.newPage()
  for (const path of ['/', '/shelf/rest', '/things/linen-map', '/cart', '/sign-in', '/nowhere']) {
    const answer = await page.goto(shop.url + path)
    const policy = answer?.headers()['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('script-src')
    expect(policy).not.toContain('unsafe')
  }
  expect(await context.cookies()).toEqual([])
})

async function servePage(html: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, res) => res.setHeader('content-type', 'text/html').end(html))
  // No host: both names of this machine lead here.
  await new Promise<void>((listening) => server.listen(0, listening))
  return { server, port: (server.address() as AddressInfo).port }
}
