import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import {
  type BackChannelLogout,
  type BackChannelLogoutOptions,
  backChannelLogout,
  type RefusedLogout,
} from 'sojourn/signals/back-channel-logout'
import { afterAll } from 'vitest'
import { type Client, createWorld, type World, type WorldOptions } from '../core/kit.ts'

/** An attacker sends any claims. */
type Claims = Readonly<Record<string, unknown>>

export type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

/** A provider whose tokens the test makes. Its keys are on a real server. */
export interface Issuer {
  readonly issuer: string
  readonly requests: string[]
  /** What the server answers with; `null`: it breaks off. */
  keys: object[] | null
  /** Where they are. */
  keysAt: string
  /** The status of the discovery document. */
  status: number
  /** Adds a key, and signs with it from now on. */
  addKey(alg?: string): Promise<void>
  sign(claims: Claims, header?: { alg?: string; kid?: string; typ?: string }, key?: Key | Uint8Array): Promise<string>
}

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

const DISCOVERY = '/.well-known/openid-configuration'

export async function startIssuer(): Promise<Issuer> {
  let current: { key: Key; kid: string; alg: string } | null = null
  const server = createServer((request, response) => {
    made.requests.push(request.url ?? '')
    if (made.keys === null) return request.socket.destroy()
    const document = { issuer: made.issuer, jwks_uri: `${made.issuer}${made.keysAt}` }
    response.setHeader('content-type', 'application/json')
    if (request.url === made.keysAt) return response.end(JSON.stringify({ keys: made.keys }))
    response.statusCode = request.url === DISCOVERY ? made.status : 404
    response.end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  const made: Issuer = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    keys: [],
    keysAt: '/keys',
    status: 200,
    async addKey(alg = 'RS256') {
      const pair = await generateKeyPair(alg)
      const kid = `key-${made.keys?.length ?? 0}`
      made.keys?.push({ ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' })
      current = { key: pair.privateKey, kid, alg }
    },
    async sign(claims, header = {}, key) {
      if (current === null) throw new Error('It has no key.')
      const { alg, kid } = current
      return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'logout+jwt', ...header }).sign(key ?? current.key)
    },
  }
  await made.addKey()
  return made
}

export const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

export interface LogoutWorld extends World<object> {
  readonly atProvider: BackChannelLogout
  readonly refusals: RefusedLogout[]
  /** A browser in which a user logs in with what the provider said. */
  login(userId: string, claims: { sub: string; sid?: string; iat?: number; iss?: string }): Promise<Client<object>>
  /** The claims of a good logout token. */
  claims(more?: Claims): Claims
  post(token: string, more?: RequestInit): Promise<Response>
  /** Posts a token with these claims. */
  logout(more?: Claims): Promise<Response>
  isLoggedIn(client: Client<object>): Promise<boolean>
}

let count = 0

export function createLogoutWorld(
  provider: Issuer,
  {
    options = {},
    world: given = {},
  }: { options?: Partial<BackChannelLogoutOptions>; world?: WorldOptions<object> } = {},
): LogoutWorld {
  const world = createWorld<object>(given)
  const refusals: RefusedLogout[] = []
  const seconds = (): number => Math.floor(world.clock() / 1000)
  const atProvider = backChannelLogout({
    sessions: world.sessions,
    providers: [{ issuer: provider.issuer, clientId: 'shop' }],
    insecureHttp: true,
    clock: world.clock,
    refused: (refused) => void refusals.push(refused),
    ...options,
  })
  const made: LogoutWorld = {
    ...world,
    atProvider,
    refusals,
    async login(userId, claims) {
      const client = world.client()
      await client.send((session) =>
        atProvider.login(session, userId, { iss: provider.issuer, iat: seconds(), ...claims }),
      )
      return client
    },
    claims: (more = {}) => ({
      iss: provider.issuer,
      aud: 'shop',
      iat: seconds(),
      exp: seconds() + 120,
      jti: `token-${count++}`,
      events: EVENTS,
      ...more,
    }),
    post: (token, more = {}) =>
      atProvider.handler(
        new Request('https://shop.example/back-channel-logout', {
          method: 'POST',
          body: new URLSearchParams({ logout_token: token }),
          ...more,
        }),
      ),
    logout: async (more) => made.post(await provider.sign(made.claims(more))),
    async isLoggedIn(client) {
      const exchange = await client.open()
      return exchange.session.userId !== null
    },
  }
  return made
}
