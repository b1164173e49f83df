import './support/next-globals.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createSessions } from 'sojourn'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/site.ts'
import { type NextServer, startNext } from './support/next-server.ts'

// The page /shop imports `sojourn/next` as applications do: Next.js has bundled it.

let server: NextServer
let browser: Browser
let context: BrowserContext

beforeAll(async () => {
  server = await startNext()
  // Chromium asks for an icon, which the route handler of other tests answers.
  server.shared.sessions = createSessions({ cookie: { name: '__Host-icon' } })
  browser = await launchChromium()
}, 300_000)
afterAll(async () => {
  await browser?.close()
  await server?.close()
})
afterEach(() => context.close())

async function visit(path: string): Promise<Page> {
  context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(server.origin + path)
  return page
}

const shows = async (page: Page, id: string, text: string): Promise<void> =>
  page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor()

describe('the application of the how-to page', () => {
  test('signs in, keeps a cart, signs out, and shows nothing of it afterwards', async () => {
    const page = await visit('/shop')
    const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
    await shows(page, 'user', 'Signed out')
    await press('Add')
    await shows(page, 'cart', 'tea')
    await page.getByLabel('Name').fill('bob')
    await press('Sign in')
    await shows(page, 'user', 'Signed in as bob')
    await press('Add')
    await shows(page, 'cart', 'tea, tea')
    await page.reload()
    await shows(page, 'user', 'Signed in as bob')
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 })

    await page.goto(`${server.origin}/api/me`)
    expect(await page.textContent('body')).toBe('{"user":"bob"}')
    await page.goBack()
    await shows(page, 'user', 'Signed in as bob')
    await press('Sign out')
    await shows(page, 'user', 'Signed out')
    expect(await context.cookies()).toEqual([])
    await page.goto(`${server.origin}/fixed`)
    await page.goBack()
    await shows(page, 'user', 'Signed out')
    await page.goto(`${server.origin}/api/me`)
    expect(page.url()).toBe(`${server.origin}/shop?returnTo=%2Fapi%2Fme`)
  })

  test('a login in another tab shows at the next visit', async () => {
    const page = await visit('/shop')
    const other = await context.newPage()
    await other.goto(`${server.origin}/shop`)
    await other.getByRole('button', { name: 'Sign in' }).click()
    await shows(other, 'user', 'Signed in as ada')
    await page.reload()
    await shows(page, 'user', 'Signed in as ada')
  })
})
