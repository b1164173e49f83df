import type { BrowserContext, Page } from 'playwright-core'

/** What a page holds that scripts can read. */
export interface Storage {
  readonly local: Readonly<Record<string, string>>
  readonly session: Readonly<Record<string, string>>
  /** `document.cookie` */
  readonly cookies: string
}

export interface ForeignRequest {
  readonly url: string
  readonly referer: string
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
    foreign.push({ url: request.url(), referer: request.headers().referer ?? '' })
    return route.abort()
  })
  return foreign
}

export function readStorage(page: Page): Promise<Storage> {
  return page.evaluate(() => {
    // Runs in the page, whose globals are not those of Node.
    const { localStorage, sessionStorage, document } = globalThis as unknown as {
      localStorage: Record<string, string>
      sessionStorage: Record<string, string>
      document: { cookie: string }
    }
    return { local: { ...localStorage }, session: { ...sessionStorage }, cookies: document.cookie }
  })
}
