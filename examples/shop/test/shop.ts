import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type CDPSession, chromium, type Locator, type Page } from 'playwright-core'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { SecureSite } from '../../../packages/sojourn/test/support/bound-chromium.ts'
import { createShop } from '../src/app.ts'
import { demoUsers } from '../src/demo-users.ts'
import { mailNewDevices } from '../src/mail.ts'
import { type OpenShop, openShop } from '../src/open-shop.ts'
import { openSessions } from '../src/sessions.ts'

export interface TestShop {
  readonly url: string
  /** What the shop sent, if it was started with mails. */
  readonly mails: readonly { readonly to: string; readonly text: string }[]
  /** Moves the sessions' clock. */
  advance(ms: number): void
  close(): Promise<void>
}

/**
 * The real shop on LMDB in a folder of its own, with a clock that the test moves. `site`: it is served there, over HTTPS, as
 * `shop.example`. `withMails`: users are told about logins from new devices, and browsers keep a second cookie.
 */
export async function startShop(site?: SecureSite, withMails = false): Promise<TestShop> {
  const folder = temporaryFolder()
  let ahead = 0
  const store = lmdbStore({ path: join(folder.path, 'sessions') })
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = site?.url('shop.example', '') ?? `http://localhost:${(server.address() as AddressInfo).port}`
  const mails: { to: string; text: string }[] = []
  const newDevices = mailNewDevices(() => shop.users, {
    origin: url,
    folder: folder.path,
    send: (to, { text }) => mails.push({ to, text }),
  })
  const clock = () => Date.now() + ahead
  const mailing = withMails ? { newDevices } : {}
  const sessions = openSessions(store, { clock, ...mailing })
  const shop: OpenShop = await openShop(folder.path, sessions, { origin: site && url, ...mailing })
  server.on('request', createShop(shop))
  site?.use(createShop(shop))
  return {
    url,
    mails,
    advance(ms) {
      ahead += ms
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await shop.close()
      folder.remove()
    },
  }
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'wayside-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
}

const LAUNCH = {
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  chromiumSandbox: false,
  // A person's *back* button goes through the back-forward cache; Playwright would turn it off.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
}

/** One Chromium for the tests of a file, and for each test a shop of its own. `take` gets both before each test. */
export function shopForEachTest(take: (chrome: Browser, shop: TestShop) => void, start = () => startShop()): void {
  let chrome: Browser
  let shop: TestShop
  beforeAll(async () => {
    chrome = await launchBrowser()
  })
  afterAll(() => chrome.close())
  beforeEach(async () => {
    shop = await start()
    take(chrome, shop)
  })
  afterEach(async () => {
    await Promise.all(chrome.contexts().map((context) => context.close()))
    await shop.close()
  })
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch(LAUNCH)
}

/** A browser with a profile on disk: it can be quit and opened again. */
export function launchProfile(path: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(path, LAUNCH)
}

/** Gives the browser a virtual authenticator, whose user passes every check. */
export async function addAuthenticator(page: Page): Promise<{ devtools: CDPSession; authenticatorId: string }> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return { devtools, authenticatorId }
}

export type DemoName = 'alice' | 'bob'

export function demoUser(name: DemoName): { email: string; password: string } {
  const user = demoUsers.find(({ email }) => email.startsWith(name))
  if (user === undefined) throw new Error(`There is no demo user ${name}.`)
  return user
}

export async function signIn(
  page: Page,
  url: string,
  name: DemoName,
  options: { password?: string; remember?: boolean } = {},
): Promise<void> {
  await page.goto(`${url}/sign-in`)
  await fillSignIn(page, name, options)
}

/** For a page that shows the form already. */
export async function fillSignIn(
  page: Page,
  name: DemoName,
  { password = demoUser(name).password, remember = false } = {},
): Promise<void> {
  await page.getByLabel('E-mail').fill(demoUser(name).email)
  await page.getByLabel('Password').fill(password)
  if (remember) await page.getByLabel('Keep me signed in').check()
  const press = page.getByRole('main').getByRole('button', { name: 'Sign in' })
  await Promise.all([page.waitForEvent('load'), press.click()])
}

export async function addToCart(page: Page, url: string, slug: string): Promise<void> {
  await page.goto(`${url}/things/${slug}`)
  await pressAdd(page)
}

/** For a page that shows the product already. Resolves when the shop has answered with the next page. */
export async function pressAdd(page: Page): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Add to cart' }).click()])
}

/** The lines of the cart page, as `2 of Enamel Cup`. */
export async function cartOf(page: Page, url: string): Promise<string[]> {
  await page.goto(`${url}/cart`)
  return page.locator('.stepper .unseen').allTextContents()
}

export function heading(page: Page): Promise<string> {
  return textOf(page.getByRole('heading', { level: 1 }))
}

/** The text of one element, runs of white space made one blank. */
export async function textOf(element: Locator): Promise<string> {
  return ((await element.textContent()) ?? '').replace(/\s+/g, ' ').trim()
}
