import {
  createHmac,
  createPublicKey,
  createVerify,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { ALICE } from './cookie-app.ts'
import { type App, newId, type Reply } from './web.ts'

export interface BearerSwitches {
  /** Which forged tokens are taken. */
  readonly takes?: 'alg none' | 'jwk' | 'public key as secret' | 'kid' | 'any signature'
  /** Takes more than what it signed: looks at the header, what is signed, and the signature. */
  readonly accepts?: (header: Readonly<Record<string, unknown>>, signed: string, signature: string) => boolean
  readonly alg?: 'HS256' | 'RS256' | 'ES256'
  /** `nothing`: the token stays good until it expires. */
  readonly logout?: 'denylist' | 'nothing'
  readonly refresh?: 'rotates' | 'rotates with grace' | 'family outlives reuse' | 'works twice' | 'never changes'
  readonly expiresInSeconds?: number
  readonly keepsExpired?: boolean
  readonly secret?: string
  /** More that the token says. */
  readonly claims?: Readonly<Record<string, unknown>>
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const { publicKey } = rsa
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
/** The key that the application publishes. */
export const RSA_PUBLIC_KEY: KeyObject = publicKey
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const parse = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest('base64url')

interface Family {
  current: string
  readonly used: Map<string, string>
  over: boolean
}

/** A JSON interface with signed tokens and refresh tokens. Well-behaved unless told otherwise. */
export function bearerApp(switches: BearerSwitches = {}): App {
  const { alg = 'HS256', takes, refresh: how = 'rotates' } = switches
  const secret = switches.secret ?? randomBytes(32)
  const own = alg === 'ES256' ? { key: ec.privateKey, dsaEncoding: 'ieee-p1363' as const } : rsa.privateKey
  const known = alg === 'ES256' ? { key: ec.publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey
  const denied = new Set<string>()
  const families: Family[] = []

  function issue(): string {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      sub: ALICE.name,
      jti: newId(),
      iat: now,
      exp: now + (switches.expiresInSeconds ?? 900),
      ...switches.claims,
    }
    const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
    const signature =
      alg === 'HS256' ? hmac(secret, signed) : sign('sha256', Buffer.from(signed), own).toString('base64url')
    return `${signed}.${signature}`
  }

  function isSigned(head: string, body: string, signature: string): boolean {
    const header = parse(head)
    const signed = `${head}.${body}`
    if (takes === 'any signature' || switches.accepts?.(header, signed, signature)) return true
    if (takes === 'alg none' && String(header.alg).toLowerCase() === 'none') return true
    if (takes === 'kid' && typeof header.kid === 'string' && header.kid.endsWith('/dev/null'))
      return signature === hmac('', signed)
    if (takes === 'jwk' && header.jwk !== undefined) {
      const key = createPublicKey({ key: header.jwk as JsonWebKey, format: 'jwk' })
      return createVerify('sha256').update(signed).verify(key, signature, 'base64url')
    }
    if (takes === 'public key as secret' && header.alg === 'HS256') {
      return signature === hmac(publicKey.export({ type: 'spki', format: 'pem' }).toString(), signed)
    }
    if (header.alg !== alg) return false
    if (alg === 'HS256') return signature === hmac(secret, signed)
    return createVerify('sha256').update(signed).verify(known, signature, 'base64url')
  }

  function claimsOf(authorization = ''): Record<string, unknown> | null {
    const [head = '', body = '', signature] = authorization.replace(/^Bearer /, '').split('.')
    try {
      if (signature === undefined || !isSigned(head, body, signature)) return null
      const claims = parse(body)
      const isOver = Number(claims.exp) * 1000 <= Date.now() && !switches.keepsExpired
      return isOver || denied.has(String(claims.jti)) ? null : claims
    } catch {
      return null
    }
  }

  function begin(): Reply {
    const family = { current: newId(), used: new Map<string, string>(), over: false }
    families.push(family)
    return { json: { access_token: issue(), refresh_token: family.current } }
  }

  function refresh(token: string): Reply {
    const family = families.find((held) => held.current === token || held.used.has(token))
    if (family === undefined || family.over) return { status: 401, json: { error: 'invalid_grant' } }
    if (how === 'never changes') return { json: { access_token: issue(), refresh_token: token } }
    const isReuse = family.used.has(token)
    if (isReuse && how === 'rotates with grace')
      return { json: { access_token: issue(), refresh_token: family.used.get(token) } }
    if (isReuse && how !== 'works twice') {
      if (how === 'rotates') family.over = true
      return { status: 401, json: { error: 'invalid_grant' } }
    }
    const next = newId()
    family.used.set(token, next)
    family.current = next
    return { json: { access_token: issue(), refresh_token: next } }
  }

  return ({ method, path, headers, body }) => {
    if (path === '/auth/login' && method === 'POST') {
      const isRight = body.username === ALICE.name && body.password === ALICE.password
      return isRight ? begin() : { status: 401, json: { error: 'wrong' } }
    }
    if (path === '/auth/refresh' && method === 'POST') return refresh(String(body.refresh_token))
    if (path === '/.well-known/jwks.json' && alg === 'RS256')
      return { json: { keys: [publicKey.export({ format: 'jwk' })] } }
    const claims = claimsOf(headers.authorization)
    if (path === '/me')
      return claims === null
        ? { status: 401, json: {} }
        : { json: { name: claims.sub }, headers: { 'cache-control': 'no-store' } }
    if (path === '/auth/logout' && method === 'POST') {
      if (claims === null) return { status: 401, json: {} }
      if (switches.logout !== 'nothing') {
        denied.add(String(claims.jti))
        for (const family of families) family.over = true
      }
      return { status: 200, json: {} }
    }
    return { status: 404, json: { error: 'not found' } }
  }
}
