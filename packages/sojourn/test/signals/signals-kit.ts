import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What another program would do: JWTs made with nothing but `node:crypto`. */
export interface Key {
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

export function createKey(kid: string, kind: 'RS256' | 'ES256' = 'RS256', modulusLength = 2048): Key {
  const { publicKey, privateKey } =
    kind === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: kind, use: 'sig' } }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export function signJwt(key: Key, claims: object, header: object = {}): string {
  const { kid, alg } = key.jwk
  const input = `${encode({ alg, kid, typ: 'secevent+jwt', ...header })}.${encode(claims)}`
  const options = alg === 'ES256' ? { key: key.privateKey, dsaEncoding: 'ieee-p1363' as const } : key.privateKey
  return `${input}.${sign('sha256', Buffer.from(input), options).toString('base64url')}`
}

export function unsigned(claims: object): string {
  return `${encode({ alg: 'none', typ: 'secevent+jwt' })}.${encode(claims)}.`
}

export const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
export const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/'

export interface Server {
  readonly url: string
  close(): Promise<void>
}

export async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export async function jsonOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  return JSON.parse((await text(request)) || '{}') as Record<string, unknown>
}

/** The body of a request whose client leaves in the middle. */
export function breakingBody(): ReadableStream<Uint8Array> {
  let isFirst = true
  return new ReadableStream({
    pull(controller) {
      if (isFirst) controller.enqueue(new TextEncoder().encode('half'))
      else controller.error(new TypeError('terminated'))
      isFirst = false
    },
  })
}
