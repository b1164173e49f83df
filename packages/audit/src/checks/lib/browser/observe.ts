import type { BrowserContext, Page } from 'playwright-core'

export interface ForeignRequest {
  readonly url: string
  readonly referer: string
  readonly body: string
}

/** Every address that the page had, and those that scripts gave it. */
export function addressesOf(page: Page): ReadonlySet<string> {
  const addresses = new Set<string>()
  page.on('framenavigated', (frame) => void addresses.add(frame.url()))
  return addresses
}

const STRANGER = 'http://sojourn-audit.example/'

/** What a page of another site is told by messages, after it opened this address in the browser of the logged-in user. */
export async function messagesTo(context: BrowserContext, address: string, settleMs: number): Promise<string[]> {
  await context.route(STRANGER, (route) => route.fulfill({ contentType: 'text/html', body: '<title>stranger</title>' }))
  const page = await context.newPage()
  const heard: string[] = []
  await page.exposeFunction('heard', (text: string) => void heard.push(text))
  await page.goto(STRANGER)
  const opened = context.waitForEvent('page', { timeout: settleMs }).catch(() => null)
  await page.evaluate((url) => {
    const { addEventListener, heard, open } = globalThis as unknown as {
      addEventListener(type: string, listener: (event: { data: unknown }) => void): void
      heard(text: string): void
      open(url: string): void
    }
    addEventListener('message', ({ data }) => heard(typeof data === 'string' ? data : JSON.stringify(data)))
    open(url)
  }, address)
  await (await opened)?.waitForLoadState('networkidle', { timeout: settleMs }).catch(() => undefined)
  // What was said before then has arrived once the page answers again.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 0)))
  return heard
}

/** Keeps the browser on the target's host: a request to any other is noted, and not sent. */
export async function keepHome(
  context: BrowserContext,
  isInScope: (url: URL) => boolean,
): Promise<readonly ForeignRequest[]> {
  const foreign: ForeignRequest[] = []
  await context.route('**/*', async (route) => {
    const request = route.request()
    const url = new URL(request.url())
    if (!/^https?:$/.test(url.protocol) || isInScope(url)) return route.continue()
    foreign.push({
      url: request.url(),
      referer: request.headers().referer ?? '',
      body: request.postData() ?? '',
    })
    return route.abort()
  })
  return foreign
}
