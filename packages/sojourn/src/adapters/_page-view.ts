import { FetchView } from './_fetch-view.ts'

/**
 * For frameworks whose script loads a page by its data once it runs in the browser, and obeys a redirect as a navigation does: such
 * a request counts as one for the page. Only for the answer of a requirement: a guard must see the request as it is.
 */
export class PageView extends FetchView {
  readonly #url: string

  /** `page`: the address of the page, without what the framework adds to it. */
  constructor(request: Request, { pathname, search }: URL) {
    super(request)
    this.#url = pathname + search
  }

  override get url(): string {
    return this.#url
  }

  override header(name: string): string | null {
    return NAVIGATION[name] ?? super.header(name)
  }
}

const NAVIGATION: Readonly<Record<string, string>> = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
