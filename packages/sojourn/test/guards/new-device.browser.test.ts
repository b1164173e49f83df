import type { Browser, BrowserContext } from 'playwright-core'
import { createSessions, type Sessions } from 'sojourn'
import { type NewDeviceNotice, newDevice } from 'sojourn/guards/new-device'
import { withNodeSession } from 'sojourn/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium, type Site, startSite } from '../support/site.ts'
import { agents } from './anomaly/agents.ts'
import { KEY, PATH } from './new-device/world.ts'

const SHOP = 'www.shop.example'

let site: Site
let browser: Browser
let context: BrowserContext
let sessions: Sessions<object>
let notices: NewDeviceNotice[]
let disowned: string[]
/** `Sec-Purpose` of the requests to the page of the link. */
let purposes: string[]
let listener: ReturnType<typeof withNodeSession>

beforeAll(async () => {
  site = await startSite((request, response, view) => {
    if (view.url.startsWith(PATH)) purposes.push(view.header('sec-purpose') ?? '')
    if (view.header('host')?.startsWith(SHOP)) return void listener(request, response)
    response.setHeader('content-type', 'text/html')
    response.end(`<p>another site</p>`)
  })
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})
beforeEach(async () => {
  notices = []
  purposes = []
  disowned = []
  sessions = createSessions({
    guards: [
      newDevice({
        origin: new URL(site.https(SHOP, '/')).origin,
        keys: [KEY],
        site: 'The Shop',
        notify: (notice) => void notices.push(notice),
        disowned: ({ userId }) => void disowned.push(userId),
        locate: () => ({ country: 'DE' }),
      }),
    ],
    warn: () => {},
  })
  listener = withNodeSession(sessions, async (request, response, session) => {
    if (request.url === '/login') await session.login('ada')
    response.setHeader('content-type', 'text/html')
    response.end(`<p>${session.userId ?? 'a visitor'}</p>`)
  })
  // Headless Chromium names itself, and no user has such a browser.
  const userAgent = agents.chromeLinux(156)
  context = await browser.newContext({ ignoreHTTPSErrors: true, userAgent })
})
afterEach(() => context.close())

async function logIn(): Promise<string> {
  const page = await context.newPage()
  await page.goto(site.https(SHOP, '/login'))
  await page.close()
  return notices.at(-1)?.link ?? ''
}

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } }

describe('in Chromium, the page of the link', () => {
  test('ends the sessions when its button is pressed, in a browser that is not logged in and comes from a mail', async () => {
    const link = await logIn()
    const other = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await other.newPage()
    // A webmail is a page of another site.
    await page.goto(site.https('mail.example', '/'))
    await page.setContent(notices.at(-1)?.mail.html ?? '')
    await page.getByRole('link', { name: 'This was not me' }).click()
    await page.getByRole('heading', { name: 'Was this not you?' }).waitFor()
    expect(disowned).toEqual([])
    expect((await sessions.list('ada')).length).toBe(1)
    await page.getByRole('button', { name: 'This was not me: log out' }).click()
    await page.getByRole('heading', { name: 'All devices are logged out' }).waitFor()
    expect([disowned, await sessions.list('ada')]).toEqual([['ada'], []])
    await page.goto(link)
    await page.getByRole('heading', { name: 'This link was used' }).waitFor()
    await other.close()
  })

  test('ends nothing when the browser prefetches or prerenders it', async () => {
    const link = await logIn()
    const page = await context.newPage()
    await page.goto(site.https(SHOP, '/'))
    await page.evaluate((url) => {
      const rules = document.createElement('script')
      rules.type = 'speculationrules'
      rules.textContent = JSON.stringify({ prerender: [{ urls: [url], eagerness: 'immediate' }] })
      document.head.append(rules)
    }, link)
    await expect.poll(() => purposes).toEqual([expect.stringContaining('prefetch')])
    expect([disowned, (await sessions.list('ada')).length]).toEqual([[], 1])
  })

  test('cannot be pressed by a page of another site, nor framed by it', async () => {
    const link = await logIn()
    const page = await context.newPage()
    await page.goto(site.https('evil.example', '/'))
    await page.evaluate((url) => {
      const frame = document.createElement('iframe')
      frame.src = url
      document.body.append(frame)
    }, link)
    await page.waitForLoadState('networkidle')
    const frame = page.frames()[1]
    expect(await frame?.evaluate(() => document.body?.textContent ?? '').catch(() => '')).not.toContain(
      'Was this not you',
    )
    await page.evaluate((url) => {
      const form = Object.assign(document.createElement('form'), { method: 'POST', action: url })
      document.body.append(form)
      form.submit()
    }, link)
    await page.getByRole('heading', { name: 'Was this not you?' }).waitFor()
    expect([disowned, (await sessions.list('ada')).length]).toEqual([[], 1])
    // The page is now ours, so the user can press it.
    await page.getByRole('button').click()
    await page.getByRole('heading', { name: 'All devices are logged out' }).waitFor()
  })

  test.each(
    (['light', 'dark'] as const).flatMap((scheme) =>
      (['phone', 'desktop'] as const).map((size) => [scheme, size] as const),
    ),
  )('fits the screen, in %s on a %s, and its styles are allowed by its policy', async (colorScheme, size) => {
    const link = await logIn()
    const other = await browser.newContext({ ignoreHTTPSErrors: true, colorScheme, viewport: SIZES[size] })
    const page = await other.newPage()
    const problems: string[] = []
    page.on('console', (message) => problems.push(message.text()))
    await page.goto(link)
    const { overflow, back, color } = await page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth > innerWidth,
      back: getComputedStyle(document.body).backgroundColor,
      color: getComputedStyle(document.body).color,
    }))
    expect([overflow, problems]).toEqual([false, []])
    expect([back, color]).toEqual(
      colorScheme === 'light' ? ['rgb(244, 244, 246)', 'rgb(27, 27, 31)'] : ['rgb(19, 19, 22)', 'rgb(236, 236, 241)'],
    )
    const folder = process.env.SCREENSHOTS
    if (folder !== undefined) {
      await page.screenshot({ path: `${folder}/ask-${colorScheme}-${size}.png` })
      await page.getByRole('button').click()
      await page.getByRole('heading', { name: 'All devices are logged out' }).waitFor()
      await page.screenshot({ path: `${folder}/done-${colorScheme}-${size}.png` })
      const mail = await other.newPage()
      await mail.setContent(notices.at(-1)?.mail.html ?? '')
      await mail.screenshot({ path: `${folder}/mail-${colorScheme}-${size}.png` })
    }
    await other.close()
  })
})
