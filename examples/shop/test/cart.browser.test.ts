import type { Browser, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import {
  addToCart,
  cartOf,
  demoUser,
  fillSignIn,
  heading,
  pressAdd,
  shopForEachTest,
  signIn,
  type TestShop,
  textOf,
} from './shop.ts'

let chrome: Browser
let shop: TestShop

shopForEachTest((browser, started) => {
  chrome = browser
  shop = started
})

async function newPage(): Promise<Page> {
  return (await chrome.newContext()).newPage()
}

test('adding in two tabs at once counts both', async () => {
  const one = await newPage()
  const two = await one.context().newPage()
  await addToCart(one, shop.url, 'enamel-cup')
  for (let round = 0; round < 5; round++) {
    await Promise.all([one, two].map((tab) => tab.goto(`${shop.url}/things/enamel-cup`)))
    await Promise.all([pressAdd(one), pressAdd(two)])
  }
  expect(await cartOf(one, shop.url)).toEqual(['11 of Enamel Cup'])
})

test('different things added in two tabs at once are both there', async () => {
  const one = await newPage()
  const two = await one.context().newPage()
  await addToCart(one, shop.url, 'sleep-mask')
  await Promise.all([addToCart(one, shop.url, 'enamel-cup'), addToCart(two, shop.url, 'linen-map')])
  expect(await cartOf(one, shop.url)).toEqual(['1 of Sleep Mask', '1 of Enamel Cup', '1 of Linen Map'])
})

test('the cart is changed by steps, and emptied', async () => {
  const page = await newPage()
  await addToCart(page, shop.url, 'steel-flask')
  expect(await textOf(page.getByRole('status'))).toContain('The Steel Flask is in your cart.')
  await page.goto(`${shop.url}/cart`)
  await page.getByRole('button', { name: 'One Steel Flask more' }).click()
  await page.getByRole('button', { name: 'One Steel Flask more' }).click()
  await page.getByRole('button', { name: 'One Steel Flask less' }).click()
  expect(await cartOf(page, shop.url)).toEqual(['2 of Steel Flask'])
  expect(await textOf(page.getByRole('banner'))).toContain('Cart 2')
  await page.getByRole('button', { name: 'Remove Steel Flask' }).click()
  expect(await page.getByText('Travelling light').isVisible()).toBe(true)
})

test('a visitor who makes an account on the way to the checkout continues there, and a link leads to no other host', async () => {
  const page = await (await chrome.newContext()).newPage()
  await addToCart(page, shop.url, 'linen-map')
  await page.goto(`${shop.url}/checkout`)
  expect(await heading(page)).toBe('Sign in')
  await page.getByRole('link', { name: 'Make an account' }).click()
  await page.getByLabel('What shall we call you?').fill('Dora')
  await page.getByLabel('E-mail').fill('dora@example.com')
  await page.getByLabel('Password').fill('a long enough password')
  await Promise.all([page.waitForURL('**/checkout'), page.getByRole('button', { name: 'Make an account' }).click()])

  const lured = await (await chrome.newContext()).newPage()
  await lured.goto(`${shop.url}/sign-in?returnTo=${encodeURIComponent('//evil.example/account')}`)
  await fillSignIn(lured, 'alice')
  expect(lured.url()).toBe(`${shop.url}/account`)
})

test('the cart comes along from before sign-in, through checkout, to an order', async () => {
  const page = await newPage()
  await addToCart(page, shop.url, 'two-night-bag')
  await addToCart(page, shop.url, 'postcard-set')
  const anonymous = await page.context().cookies()

  await page.goto(`${shop.url}/cart`)
  await page.getByRole('link', { name: 'Check out' }).click()
  expect(await heading(page)).toBe('Sign in')
  await fillSignIn(page, 'alice')
  expect(await heading(page)).toBe('Check out')
  expect((await page.context().cookies())[0]?.value).not.toBe(anonymous[0]?.value)
  expect(await textOf(page.locator('.ticket tfoot'))).toContain('€157')

  await page.getByRole('button', { name: 'Place the order' }).click()
  expect(await heading(page)).toBe('Bon voyage')
  expect(await cartOf(page, shop.url)).toEqual([])
  await page.goto(`${shop.url}/account`)
  expect(await textOf(page.locator('.orders li'))).toContain('2 things · €157')
})

test('an order sent twice is placed once', async () => {
  const page = await newPage()
  await signIn(page, shop.url, 'alice')
  await addToCart(page, shop.url, 'train-blanket')
  await page.goto(`${shop.url}/checkout`)
  const order = await page.locator('input[name=order]').getAttribute('value')
  const send = () =>
    page.request.post(`${shop.url}/checkout`, { form: { order: order ?? '' }, headers: { origin: shop.url } })
  const answers = [...(await Promise.all([send(), send()])), await send()]
  for (const answer of answers) expect(answer.url()).toBe(`${shop.url}/orders/${order}`)
  await page.goto(`${shop.url}/account`)
  expect(await page.locator('.orders li').count()).toBe(1)
  expect(await textOf(page.locator('.orders li'))).toContain('1 thing · €72')
  expect(await cartOf(page, shop.url)).toEqual([])

  await addToCart(page, shop.url, 'train-blanket')
  await send()
  expect(await cartOf(page, shop.url)).toEqual(['1 of Train Blanket'])
})

test('no user can read the order of another', async () => {
  const alice = await newPage()
  await signIn(alice, shop.url, 'alice')
  await addToCart(alice, shop.url, 'enamel-cup')
  await alice.goto(`${shop.url}/checkout`)
  await alice.getByRole('button', { name: 'Place the order' }).click()
  const bob = await newPage()
  await signIn(bob, shop.url, 'bob')
  expect((await bob.goto(alice.url()))?.status()).toBe(404)
})

test('step-up: an order long after sign-in asks for the password again, and takes a fresh token', async () => {
  const page = await newPage()
  await signIn(page, shop.url, 'alice')
  await addToCart(page, shop.url, 'folding-lantern')
  await page.goto(`${shop.url}/checkout`)
  expect(await heading(page)).toBe('Check out')

  shop.advance(11 * 60_000)
  await page.getByRole('button', { name: 'Place the order' }).click()
  expect(await heading(page)).toBe('Still you?')
  const before = await page.context().cookies()
  await page.getByLabel('Password').fill('not her password')
  await page.getByRole('button', { name: 'Yes, it is me' }).click()
  expect(await textOf(page.getByRole('alert'))).toBe('That is not your password.')
  await page.getByLabel('Password').fill(demoUser('alice').password)
  await page.getByRole('button', { name: 'Yes, it is me' }).click()

  expect(await heading(page)).toBe('Check out')
  expect((await page.context().cookies())[0]?.value).not.toBe(before[0]?.value)
  await page.getByRole('button', { name: 'Place the order' }).click()
  expect(await heading(page)).toBe('Bon voyage')
})

test('an unused session expires, and the shop explains why', async () => {
  const page = await newPage()
  await signIn(page, shop.url, 'alice')
  shop.advance(31 * 60_000)
  await page.goto(`${shop.url}/account`)
  expect(await heading(page)).toBe('Sign in')
  expect(await textOf(page.getByRole('status'))).toContain('You were away for a while')
})
