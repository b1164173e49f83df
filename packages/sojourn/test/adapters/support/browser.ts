import { request as send } from 'node:http'

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** The headers of a browser that loads a page of the same site. Node's own `fetch` sets some of them itself. */
export const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'same-origin',
} as const

/** Of a script that calls `fetch`. */
export const SCRIPT = {
  accept: '*/*',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
} as const

export interface Browser {
  /** Loads a page, with these headers too. */
  load(path: string, headers?: Readonly<Record<string, string>>): Promise<Got>
  /** Submits a form from the page with this address. */
  submit(path: string, from?: string): Promise<Got>
  send(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<Got>
  /** Loads a page, follows redirects as browsers do, and returns the paths. */
  follow(path: string): Promise<string[]>
}

/** A browser with a jar for cookies. It sends every byte of a path as it is. */
export function createBrowser(origin: string): Browser {
  const jar = new Map<string, string>()
  const browser: Browser = {
    send(method, path, headers) {
      const cookie = Array.from(jar, (pair) => pair.join('=')).join('; ')
      const all = { ...headers, ...(cookie !== '' && { cookie }) }
      const { hostname, port } = new URL(origin)
      return new Promise((resolve, reject) => {
        const sent = send({ hostname, port, method, path, headers: all, agent: false }, (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (text: string) => {
            body += text
          })
          response.on('error', reject).on('end', () => {
            for (const line of response.headers['set-cookie'] ?? []) {
              const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
              if (/max-age=0/i.test(line)) jar.delete(name)
              else jar.set(name, value)
            }
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
          })
        })
        sent.on('error', reject).end()
      })
    },
    load: (path, headers = {}) => browser.send('GET', path, { ...NAVIGATION, ...headers }),
    submit: (path, from) =>
      browser.send('POST', path, { ...NAVIGATION, origin, ...(from !== undefined && { referer: from }) }),
    async follow(path) {
      const paths: string[] = []
      for (let next: string | undefined = path; next !== undefined && paths.length < 20; ) {
        paths.push(next)
        const { status, headers }: Got = await browser.load(next)
        next = status === 303 ? (headers.location as string) : undefined
      }
      return paths
    },
  }
  return browser
}
