import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { NodeRequest } from '../_node-types.ts'

export type Secret = string | Uint8Array | KeyObject

/** The id that was signed with the secret, as express-session writes it into the cookie: `s:`, the id, a dot, HMAC-SHA-256. */
export function sign(id: string, secret: Secret): string {
  return `s:${id}.${signatureOf(id, secret)}`
}

function signatureOf(id: string, secret: Secret): string {
  return createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
}

/** Returns the id if one of the secrets signed it. Compares in constant time. */
function unsign(value: string, secrets: readonly Secret[]): string | undefined {
  if (!value.startsWith('s:')) return undefined
  const dot = value.lastIndexOf('.')
  const id = value.slice(2, dot)
  const given = Buffer.from(value.slice(dot + 1))
  const isSigned = secrets.some((secret) => {
    const right = Buffer.from(signatureOf(id, secret))
    return given.length === right.length && timingSafeEqual(given, right)
  })
  return dot > 2 && isSigned ? id : undefined
}

/** What cookie-parser adds to a request. */
export interface ParsedCookies {
  readonly cookies?: Readonly<Record<string, unknown>>
  readonly signedCookies?: Readonly<Record<string, unknown>>
}

/** More cookies than this under one name cannot be a mistake. */
const MAX_CANDIDATES = 8

/**
 * Returns the id in the request's cookie, or `undefined` if there is none that one of the secrets signed. Of several cookies with
 * the name, the first that is signed counts: a leftover of another path or domain logs nobody out.
 */
export function readId(
  request: NodeRequest & ParsedCookies,
  name: string,
  secrets: readonly Secret[],
): string | undefined {
  for (const value of valuesOf(request.headers.cookie, name)) {
    const id = unsign(value, secrets)
    if (id !== undefined) return id
  }
  const { signedCookies, cookies } = request
  const parsed = textOf(signedCookies, name)
  if (parsed !== undefined) return parsed
  const raw = textOf(cookies, name)
  return raw === undefined ? undefined : unsign(raw, secrets)
}

function textOf(cookies: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  const value = cookies?.[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function valuesOf(header: string | string[] | undefined, name: string): readonly string[] {
  const pairs = String(header ?? '').split(';', 1000)
  return pairs
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .slice(0, MAX_CANDIDATES)
    .map((pair) => decoded(pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1')))
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
