import { createHmac } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'
import type { Carrier } from 'sojourn'
import { createTokens, type TokenKey, type Tokens, type TokensOptions } from 'sojourn/tokens'
import { type Client, createWorld, type TestData, type World, type WorldOptions } from '../core/kit.ts'

export const ISSUER = 'https://shop.example'
export const API = 'https://api.shop.example'
export const MAIL = 'https://mail.shop.example'
export const AUDIENCES = { [API]: { scopes: ['read', 'write'] }, [MAIL]: { scopes: ['send'] } }

export async function createKey(alg: 'EdDSA' | 'ES256' | 'RS256' | 'PS256' = 'ES256', kid = 'one'): Promise<TokenKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), alg, kid }
}

export const key = await createKey()
export const foreignKey = await createKey('ES256', 'one')

export interface TokensWorld extends World<TestData> {
  readonly tokens: Tokens
  /** A client that is logged in. */
  login(userId?: string): Promise<Client<TestData>>
  /** Issues a token in a request of this client. */
  issue(client: Client<TestData>, options?: Parameters<Tokens['issue']>[1]): Promise<string>
  claims(): Record<string, unknown>
}

export function createTokensWorld(
  options: Partial<TokensOptions> = {},
  worldOptions: WorldOptions<TestData> = {},
): TokensWorld {
  const world = createWorld<TestData>(worldOptions)
  const tokens = createTokens(world.sessions, {
    issuer: ISSUER,
    keys: [key],
    audiences: AUDIENCES,
    clock: world.clock,
    ...options,
  })
  return Object.assign(world, {
    tokens,
    async login(userId = 'user-1') {
      const client = world.client()
      await client.send((session) => session.login(userId, { methods: ['pwd', 'otp'], assurance: 'aal2' }))
      return client
    },
    async issue(client: Client<TestData>, wish: Parameters<Tokens['issue']>[1] = { audience: API }) {
      const { value } = await client.send((session) => tokens.issue(session, wish))
      return value.accessToken
    },
    claims() {
      const iat = Math.floor(world.clock() / 1000)
      return { iss: ISSUER, sub: 'user-1', aud: API, client_id: ISSUER, iat, exp: iat + 300, jti: `${'j'.repeat(21)}A` }
    },
  })
}

export async function sign(
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
  by: TokenKey = key,
): Promise<string> {
  const { importJWK } = await import('jose')
  const signing = await importJWK({ ...by } as never, String(by.alg))
  return new SignJWT(claims)
    .setProtectedHeader({ alg: String(by.alg), typ: 'at+jwt', kid: String(by.kid), ...header } as JWTHeaderParameters)
    .sign(signing)
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token with any text as header and payload, signed as they are with ES256. */
export async function signRaw(header: string, payload: string, by: TokenKey = key): Promise<string> {
  const { createPrivateKey, sign: signBytes } = await import('node:crypto')
  const input = `${encode(header)}.${encode(payload)}`
  const signing = createPrivateKey({ key: { ...by } as never, format: 'jwk' })
  const signature = signBytes('sha256', Buffer.from(input), { key: signing, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export function hmac(header: unknown, payload: unknown, secret: string): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** Reads the Authorization header, and sends nothing. */
export function bearer(): Carrier {
  return {
    name: 'bearer',
    ambient: false,
    vary: 'Authorization',
    read(view) {
      const [, token] = /^Bearer (\S+)$/i.exec(view.header('authorization') ?? '') ?? []
      return { values: token === undefined ? [] : [token], overflow: false }
    },
    write: () => [],
    clear: () => [],
    readOnly: true,
  }
}
