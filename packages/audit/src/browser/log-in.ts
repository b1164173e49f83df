import type { Page } from 'playwright-core'
import type { Audit, Login } from '../audit/audit.ts'

/** How long a page may take to settle. */
const SETTLE_MS = 5_000

/**
 * Makes the page one of a logged-in user: by its own form, so that scripts do what they do at a login; without a form,
 * by the cookies of a login made before.
 */
export async function logInWith(page: Page, audit: Audit, login: Login): Promise<'form' | 'cookies'> {
  const [first] = audit.recipe.login
  await page.goto(new URL(first?.get ?? '/', audit.target).href, { waitUntil: 'load' })
  const password = page.locator('input[type=password]:visible')
  if ((await password.count()) === 1) {
    const variables = audit.variablesOf(login.role)
    const form = page.locator('form', { has: password })
    const within = (await form.count()) === 1 ? form : page.locator('body')
    const name = within.locator(
      'input:visible:not([type=password]):not([type=hidden]):not([type=checkbox]):not([type=submit])',
    )
    if ((await name.count()) > 0) await name.first().fill(variables.get('user') ?? '')
    await password.fill(variables.get('password') ?? '')
    await password.press('Enter')
    await page.waitForLoadState('networkidle', { timeout: SETTLE_MS }).catch(() => undefined)
    return 'form'
  }
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
  return 'cookies'
}
