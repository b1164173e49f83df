import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { Provider } from 'oidc-provider'

/** One application that is registered at the provider. */
export interface Registered {
  readonly clientId: string
  /** Where the application is: `http://127.0.0.1:1234`. */
  readonly url: string
  /** Where users log in, if it is another of its servers. */
  readonly loginUrl?: string
  /** Whether its tokens have a `sid`. */
  readonly hasSid: boolean
  /** Default `RS256`. */
  readonly alg?: string
}

/** A real identity provider (oidc-provider). */
export interface OidcProvider {
  readonly issuer: string
  readonly deliveries: string[]
  register(clients: readonly Registered[]): Promise<void>
  /** Signs with a new key from now on, and publishes the old one too. */
  rotateKeys(): Promise<void>
  stop(): void
}

export const SECRET = 'a secret of the client, for tests'

export async function listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

export async function startOidcProvider(): Promise<OidcProvider> {
  let answer: RequestListener = (_, response) => void response.writeHead(503).end()
  const { server, url } = await listen((request, response) => answer(request, response))
  const deliveries: string[] = []
  let registered: readonly Registered[] = []
  let keys: JWK[] = []
  const stored = new Map<string, Kept>()

  async function addKey(alg: string): Promise<void> {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    keys = [{ ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${keys.length}` }, ...keys]
  }

  function begin(): void {
    const provider = new Provider(url, {
      adapter: (name: string) => adapter(name, stored),
      jwks: { keys },
      cookies: { keys: ['a key for cookies, for tests'] },
      features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
      // It would refuse to call an address of this machine.
      fetch: (to: string, { dispatcher: _, ...init }: RequestInit & { dispatcher?: unknown }) => fetch(to, init),
      findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
      clients: registered.map((one) => ({
        client_id: one.clientId,
        client_secret: SECRET,
        redirect_uris: [`${one.loginUrl ?? one.url}/callback`],
        backchannel_logout_uri: `${one.url}/back-channel-logout`,
        backchannel_logout_session_required: one.hasSid,
        id_token_signed_response_alg: one.alg ?? 'RS256',
      })),
    })
    provider.on('backchannel.success', () => void deliveries.push('success'))
    provider.on('backchannel.error', (...[, error]: Error[]) => void deliveries.push(String(error?.message)))
    answer = provider.callback()
  }

  await addKey('RS256')
  await addKey('ES256')
  return {
    issuer: url,
    deliveries,
    async register(clients) {
      registered = clients
      begin()
    },
    async rotateKeys() {
      await addKey('RS256')
      begin()
    },
    stop: () => void server.close(),
  }
}

interface Kept {
  readonly uid?: string
  readonly grantId?: string
  readonly consumed?: true
}

/** What the provider remembers when it begins again with other keys. */
function adapter(name: string, stored: Map<string, Kept>) {
  const find = (id: string) => stored.get(`${name} ${id}`)
  return {
    upsert: async (id: string, value: Kept) => void stored.set(`${name} ${id}`, value),
    find: async (id: string) => find(id),
    findByUid: async (uid: string) => [...stored.values()].find((value) => value.uid === uid),
    consume: async (id: string) => void stored.set(`${name} ${id}`, { ...find(id), consumed: true }),
    destroy: async (id: string) => void stored.delete(`${name} ${id}`),
    async revokeByGrantId(grantId: string) {
      for (const [key, value] of stored) if (value.grantId === grantId) stored.delete(key)
    },
  }
}

/** A browser: a cookie jar for each host, and forms that it fills in. */
export interface Browser {
  /** Follows redirects, and fills in the provider's forms as this user. Resolves with the last page. */
  visit(url: string, user?: string): Promise<string>
  /** Logs out at the provider, and not at any application. */
  logOutAt(issuer: string): Promise<void>
}

export function createBrowser(): Browser {
  const jars = new Map<string, Map<string, string>>()

  async function go(url: string, form?: Record<string, string>): Promise<{ url: string; page: string }> {
    const { host } = new URL(url)
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...jar].map((pair) => pair.join('=')).join('; '), 'sec-fetch-site': 'same-origin' },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/expires=Thu, 01 Jan 1970|max-age=0/i.test(line) || value === '') jar.delete(name)
      else jar.set(name, value)
    }
    const location = response.headers.get('location')
    return location === null ? { url, page: await response.text() } : go(new URL(location, url).href)
  }

  async function fillIn({ url, page }: { url: string; page: string }, user: string): Promise<string> {
    const action = /<form[^>]+action="([^"]+)"/.exec(page)?.[1]
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1]
    if (action === undefined || prompt === undefined) return page
    return fillIn(await go(new URL(action, url).href, { prompt, login: user, password: 'any' }), user)
  }

  return {
    visit: async (url, user = 'nobody') => fillIn(await go(url), user),
    async logOutAt(issuer) {
      const { page } = await go(`${issuer}/session/end`)
      const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
      await go(`${issuer}/session/end/confirm`, { xsrf, logout: 'yes' })
    },
  }
}
