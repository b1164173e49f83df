import type { RequestView } from 'sojourn'

export interface ViewOptions {
  readonly method?: string
  readonly peer?: string | null
  /** Default: as the URL's scheme says. */
  readonly secure?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** A request for a URL, as an adapter would show it. */
export function viewOf(
  to: string,
  { method = 'GET', peer = '203.0.113.9', secure, headers = {} }: ViewOptions = {},
): RequestView {
  const url = new URL(to)
  const all: Readonly<Record<string, string>> = { host: url.host, ...headers }
  return {
    method,
    url: url.pathname + url.search,
    secure: secure ?? url.protocol === 'https:',
    peer,
    header: (name) => (Object.hasOwn(all, name) ? (all[name] ?? null) : null),
  }
}
