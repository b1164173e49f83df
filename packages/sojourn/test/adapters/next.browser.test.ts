import './support/next-globals.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/site.ts'
import { type NextServer, startNext } from './support/next-server.ts'

// The application of the page about Next.js, which imports `sojourn/next` as applications do: Next.js has bundled it.

let server: NextServer
let browser: Browser
let context: BrowserContext

beforeAll(async () => {
  server = await startNext('next-guide')
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

/**
 * Before React has taken over, a form is sent as without JavaScript. Chromium then asks before it goes back to the response, because
 * that would send the form again.
 */
async function press(page: Page, name: string): Promise<void> {
  await page.waitForFunction(() => {
    const form = document.querySelector('form')
    return form !== null && Object.keys(form).some((key) => key.startsWith('__reactFiber'))
  })
  await page.getByRole('button', { name, exact: true }).click()
}

const signIn = async (page: Page): Promise<void> => {
  await press(page, 'Sign in')
  await shows(page, 'user', 'Signed in as ada')
}

/** A page that went from what only its user sees to the one with the ways out. */
async function leavePrivatePage(): Promise<Page> {
  const page = await visit('/shop')
  await signIn(page)
  await page.goto(`${server.origin}/private`)
  await shows(page, 'secret', 'The secret of ada')
  await page.getByText('Leave').click()
  return page
}

describe('the application of the page', () => {
  test('signs in, keeps a cart, signs out, and shows nothing of it afterwards', async () => {
    const page = await visit('/shop')
    await shows(page, 'user', 'Signed out')
    await press(page, 'Add')
    await shows(page, 'cart', 'tea')
    await page.getByLabel('Name').fill('bob')
    await press(page, 'Sign in')
    await shows(page, 'user', 'Signed in as bob')
    await press(page, 'Add')
    await shows(page, 'cart', 'tea, tea')
    await page.reload()
    await shows(page, 'user', 'Signed in as bob')
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 })

    await page.goto(`${server.origin}/api/me`)
    expect(await page.textContent('body')).toBe('{"user":"bob"}')
    await page.goBack()
    await shows(page, 'user', 'Signed in as bob')
    await press(page, 'Sign out')
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
    await signIn(other)
    await page.reload()
    await shows(page, 'user', 'Signed in as ada')
  })
})

describe('what others met', () => {
  // https://github.com/vercel/next.js/issues/38128
  test('a link to a route that logs out: only following it does', async () => {
    const page = await visit('/shop')
    await signIn(page)
    await page.goto(`${server.origin}/links`, { waitUntil: 'networkidle' })
    await page.getByText('Leave by a link').hover()
    await page.waitForLoadState('networkidle')
    expect(await context.cookies()).toHaveLength(1)
    await page.goto(`${server.origin}/private`)
    await shows(page, 'secret', 'The secret of ada')
    await page.goto(`${server.origin}/links`)
    await page.getByText('Leave by a link').click()
    await page.waitForURL('**/fixed')
    expect(await context.cookies()).toEqual([])
    await page.goto(`${server.origin}/private`)
    await page.waitForURL('**/shop')
  })

  // https://github.com/vercel/next.js/issues/94698
  test.each(['By an action', 'By an action that redirects', 'By a form'])(
    'logged out %s, Back does not show the page of the user',
    async (way) => {
      const page = await leavePrivatePage()
      await page.waitForURL('**/leave')
      await press(page, way)
      await expect.poll(() => context.cookies()).toEqual([])
      await page.waitForLoadState('networkidle')
      for (const path of way === 'By an action' ? ['/shop'] : ['/leave', '/shop']) {
        await page.goBack()
        await page.waitForURL(`**${path}`)
        expect(await page.locator('#secret').count()).toBe(0)
      }
      await shows(page, 'user', 'Signed out')
    },
  )

  test('logged out by an action, a link does not show the page of the user', async () => {
    const page = await leavePrivatePage()
    await press(page, 'By an action')
    await expect.poll(() => context.cookies()).toEqual([])
    await page.getByText('Private').click()
    await page.waitForURL('**/shop')
    await shows(page, 'user', 'Signed out')
  })

  test('logged out by a script that loads the next page from the server, Back does not show the page of the user', async () => {
    const page = await leavePrivatePage()
    await page.waitForURL('**/leave')
    await page.evaluate(async () => {
      await fetch('/logout', { method: 'POST' })
      location.assign('/fixed')
    })
    await page.waitForURL('**/fixed')
    for (const path of ['/leave', '/shop']) {
      await page.goBack()
      await page.waitForURL(`**${path}`)
      expect(await page.locator('#secret').count()).toBe(0)
    }
  })

  test('an action that fails shows error.tsx, without the text of the error, and its edits are lost', async () => {
    const page = await visit('/shop')
    await signIn(page)
    await page.goto(`${server.origin}/leave`)
    await press(page, 'Fail')
    await page.locator('#error').waitFor()
    expect(await page.textContent('body')).not.toContain('password of the database')
    await page.goto(`${server.origin}/shop`)
    await shows(page, 'user', 'Signed in as ada')
    expect(await page.textContent('#cart')).toBe('')
  })
})
