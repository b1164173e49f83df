/** A client that keeps cookies and follows no redirect, over any server or handler. */
export interface Client {
  readonly cookies: ReadonlyMap<string, string>
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** Sends JSON, or a form when the body is `URLSearchParams`. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
}

export type Fetch = (request: Request) => Response | Promise<Response>

/** `origin`: `http://127.0.0.1:40213`. `send`: a handler to call in place of the network. */
export function createClient(origin: string, send: Fetch = (request) => fetch(request)): Client {
  const cookies = new Map<string, string>()

  async function request(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    if (cookies.size > 0) headers.set('cookie', Array.from(cookies, (pair) => pair.join('=')).join('; '))
    const response = await send(new Request(origin + path, { ...init, headers, redirect: 'manual' }))
    for (const line of response.headers.getSetCookie()) keep(line)
    return response
  }

  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/; Max-Age=0(;|$)/.test(line)) cookies.delete(name)
    else cookies.set(name, value)
  }

  return {
    cookies,
    get: (path, headers = {}) => request(path, { headers }),
    post(path, body, headers = {}) {
      if (body === undefined || body instanceof URLSearchParams) {
        return request(path, { method: 'POST', headers, ...(body !== undefined && { body }) })
      }
      const json = { 'content-type': 'application/json', ...headers }
      return request(path, { method: 'POST', headers: json, body: JSON.stringify(body) })
    },
  }
}
