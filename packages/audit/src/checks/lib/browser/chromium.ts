import type { Browser, Page } from 'playwright-core'
import type { Audit, Login } from '../../../audit/audit.ts'

/** Chromium, or playwright-core to drive it, is not installed. */
export class NoBrowser extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoBrowser'
  }
}

export interface LaunchOptions {
  readonly headless: boolean
  /** Default: `CHROMIUM_PATH` of the environment, else the one that Playwright finds. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The usual places of system packages. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export async function launchChromium({ headless, env }: LaunchOptions): Promise<Browser> {
  const playwright = await import('playwright-core').catch(() => {
    throw new NoBrowser('playwright-core is not installed. Run: npm install playwright-core')
  })
  const paths = env.CHROMIUM_PATH ? [env.CHROMIUM_PATH] : [undefined, ...PLACES]
  const faults: string[] = []
  for (const executablePath of paths) {
    try {
      return await playwright.chromium.launch({ headless, ...(executablePath && { executablePath }) })
    } catch (error) {
      faults.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
    }
  }
  throw new NoBrowser(`Chromium does not start; CHROMIUM_PATH can name its path: ${faults.at(-1)}`)
}

/** How long to wait for a page to become idle. */
export const IDLE_MS = 5_000

/** Waits until the scripts of a page are done, or take too long. */
export async function untilIdle(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle', { timeout: IDLE_MS }).catch(() => undefined)
}

/** Until the answer arrives, the previous page counts as idle. A form leads to another page, a script's request does not. */
async function answerToLogin(page: Page): Promise<void> {
  const shown = page.waitForEvent('framenavigated', { timeout: IDLE_MS }).catch(() => undefined)
  const answer = await page
    .waitForResponse((response) => response.request().method() !== 'GET', { timeout: IDLE_MS })
    .catch(() => null)
  if (answer?.request().isNavigationRequest()) await shown
}

/** Logs in by the page's own form, so that its scripts run as in a real login. Resolves to whether there is one. */
export async function logInByForm(page: Page, audit: Audit): Promise<boolean> {
  const [first] = audit.app.recipe.login
  await page.goto(new URL(first?.get ?? '/', audit.app.target).href, { waitUntil: 'load' })
  const password = page.locator('input[type=password]:visible')
  if ((await password.count()) !== 1) return false
  const variables = audit.users.variablesOf('first')
  const form = page.locator('form', { has: password })
  const hasForm = (await form.count()) === 1
  const within = hasForm ? form : page.locator('body')
  const name = within.locator(
    'input:visible:not([type=password]):not([type=hidden]):not([type=checkbox]):not([type=submit])',
  )
  if ((await name.count()) > 0) await name.first().fill(variables.get('user') ?? '')
  await password.fill(variables.get('password') ?? '')
  const answered = answerToLogin(page)
  // Without a button, the return key does nothing in a form with several fields.
  const hasButton = (await within.locator('button, input[type=submit], input[type=image]').count()) > 0
  if (hasForm && !hasButton)
    await form.evaluate((found) => (found as unknown as { requestSubmit(): void }).requestSubmit())
  else await password.press('Enter')
  await answered
  await untilIdle(page)
  return true
}

/** Gives the browser the cookies of an earlier login. */
export async function logInByCookies(page: Page, login: Login): Promise<void> {
  await page.context().clearCookies()
  await page.context().addCookies(
    login.credential.cookies.map((cookie) => ({
      name: cookie.name,
      value: cookie.value,
      domain: cookie.domain,
      path: cookie.path,
      secure: cookie.secure,
      httpOnly: cookie.httpOnly,
      ...(cookie.expiresAt === null ? {} : { expires: cookie.expiresAt / 1000 }),
    })),
  )
}
