import type { Page, Request } from 'playwright-core'
import { launchChromium } from '../checks/lib/browser/chromium.ts'

/** A request that a person's login made. */
export interface Recorded {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** The cookies that the browser held when it sent the request. */
  readonly cookies: Readonly<Record<string, string>>
}

export interface Recording {
  readonly requests: readonly Recorded[]
  /** HTML by address, as delivered. */
  readonly pages: ReadonlyMap<string, string>
}

export interface RecordOptions {
  readonly url: string
  readonly headless: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly insecureTls: boolean
  /** Resolves when the login is done. */
  readonly done: (page: Page) => Promise<unknown>
}

/** Opens Chromium, and records what it sends while a person logs in. */
export async function recordLogin({ url, headless, env, insecureTls, done }: RecordOptions): Promise<Recording> {
  const browser = await launchChromium({ headless, env })
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: insecureTls })
    const page = await context.newPage()
    const pending: Promise<unknown>[] = []
    const requests: (Recorded & { order: number })[] = []
    const pages = new Map<string, string>()
    page.on('request', (request) => {
      if (!isOfInterest(request)) return
      const order = requests.length + pending.length
      pending.push(write(request, page).then((recorded) => requests.push({ ...recorded, order })))
    })
    page.on('response', (response) => {
      if (response.request().resourceType() !== 'document') return
      pending.push(
        response.text().then(
          (html) => pages.set(response.url(), html),
          () => undefined,
        ),
      )
    })
    await page.goto(url, { waitUntil: 'load' })
    await done(page)
    await Promise.all(pending)
    return { requests: requests.sort((a, b) => a.order - b.order), pages }
  } finally {
    await browser.close()
  }
}

/** Pages, and requests of scripts. */
const isOfInterest = (request: Request) =>
  request.resourceType() === 'document' || (/^(xhr|fetch)$/.test(request.resourceType()) && request.method() !== 'GET')

async function write(request: Request, page: Page): Promise<Recorded> {
  const cookies = await page.context().cookies(request.url())
  return {
    method: request.method(),
    url: request.url(),
    headers: await request.allHeaders(),
    body: request.postData(),
    cookies: Object.fromEntries(cookies.map(({ name, value }) => [name, value])),
  }
}
