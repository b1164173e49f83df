import type { BrowserContext, Page } from 'playwright-core'

export interface ForeignRequest {
  readonly url: string
  readonly referer: string
  readonly body: string
}

/** Every address that the page had, including those that scripts set. */
export function addressesOf(page: Page): ReadonlySet<string> {
  const addresses = new Set<string>()
  page.on('framenavigated', (frame) => void addresses.add(frame.url()))
  return addresses
}

const STRANGER = 'http://sojourn-audit.example/'

/** The messages that a page of another site receives after it opened this address in the browser of the logged-in user. */
export async function messagesTo(context: BrowserContext, address: string, idleMs: number): Promise<string[]> {
  await context.route(STRANGER, (route) => route.fulfill({ contentType: 'text/html', body: '<title>stranger</title>' }))
  const page = await context.newPage()
  const heard: string[] = []
  await page.exposeFunction('heard', (text: string) => void heard.push(text))
  await page.goto(STRANGER)
  const opened = context.waitForEvent('page', { timeout: idleMs }).catch(() => null)
  await page.evaluate((url) => {
    const { addEventListener, heard, open } = globalThis as unknown as {
      addEventListener(type: string, listener: (event: { data: unknown }) => void): void
      heard(text: string): void
      open(url: string): void
    }
    addEventListener('message', ({ data }) => heard(typeof data === 'string' ? data : JSON.stringify(data)))
    open(url)
  }, address)
  await (await opened)?.waitForLoadState('networkidle', { timeout: idleMs }).catch(() => undefined)
  // Earlier messages have arrived once the page answers again.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 0)))
  return heard
}

/** Keeps the browser on the target's host: requests to any other host are recorded and not sent. */
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

/** Where a page stores things that scripts can read: the text in each place, by its name. */
export type Places = Readonly<Record<string, string>>

export async function readPlaces(page: Page): Promise<Places> {
  return {
    ...(await page.evaluate(readAtOnce)),
    ...(await page.evaluate(readDatabases)),
    ...(await page.evaluate(readCaches)),
  }
}

// These functions run in the page, whose globals are not those of Node. They cannot use anything around them.

function readAtOnce(): Record<string, string> {
  const { localStorage, sessionStorage, document, name } = globalThis as unknown as {
    localStorage: Record<string, string>
    sessionStorage: Record<string, string>
    document: { cookie: string; documentElement: { outerHTML: string } }
    name: string
  }
  const named = (kind: string, storage: Record<string, string>) =>
    Object.entries(storage).map(([key, value]) => [`${kind} ${key}`, value])
  return Object.fromEntries([
    ['document.cookie', document.cookie],
    ...named('localStorage', localStorage),
    ...named('sessionStorage', sessionStorage),
    ['window.name', name],
    ['the page itself', document.documentElement.outerHTML],
  ])
}

async function readDatabases(): Promise<Record<string, string>> {
  interface Asked<Result> {
    readonly result: Result
    onsuccess: (() => void) | null
    onerror: (() => void) | null
  }
  interface Database {
    readonly objectStoreNames: Iterable<string>
    transaction(store: string): { objectStore(name: string): { getAll(query: null, most: number): Asked<unknown[]> } }
    close(): void
  }
  const { indexedDB } = globalThis as unknown as {
    indexedDB: { databases(): Promise<{ name?: string }[]>; open(name: string): Asked<Database> }
  }
  const done = <Result>(asked: Asked<Result>) =>
    new Promise<Result>((resolve, reject) => {
      asked.onsuccess = () => resolve(asked.result)
      asked.onerror = reject
    })
  const found: Record<string, string> = {}
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const all = await done(database.transaction(store).objectStore(store).getAll(null, 1000))
      found[`IndexedDB ${name}/${store}`] = JSON.stringify(all)
    }
    database.close()
  }
  return found
}

/** The caches of service workers and pages. They exist only if the browser considers the address secure. */
async function readCaches(): Promise<Record<string, string>> {
  interface Cache {
    keys(): Promise<{ readonly url: string }[]>
    match(request: { readonly url: string }): Promise<{ text(): Promise<string> } | undefined>
  }
  const { caches } = globalThis as unknown as {
    caches?: { keys(): Promise<string[]>; open(name: string): Promise<Cache> }
  }
  const found: Record<string, string> = {}
  for (const name of (await caches?.keys()) ?? []) {
    const cache = await caches?.open(name)
    for (const request of ((await cache?.keys()) ?? []).slice(0, 100)) {
      const kept = await (await cache?.match(request))?.text()
      found[`cache ${name}, ${new URL(request.url).pathname}`] = `${request.url}\n${kept}`
    }
  }
  return found
}
