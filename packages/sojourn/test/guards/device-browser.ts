import { generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto'
import type { Answer, HeaderChange, Session } from 'sojourn'
import { type DeviceBoundOptions, deviceBound } from 'sojourn/guards/device-bound'
import {
  type Client,
  createWorld,
  headerOf,
  type RequestOptions,
  type TestData,
  type World,
  type WorldOptions,
} from '../core/kit.ts'

export const REGISTER = '/device-bound/register'
export const REFRESH = '/device-bound/refresh'
export const COOKIE = '__Host-session-bound'

type Algorithm = 'ES256' | 'RS256'
type Json = Readonly<Record<string, unknown>>

/** A key as a browser keeps it on its device. */
export interface Key {
  readonly jwk: JsonWebKey
  /** A proof as browsers sign it. `header`: what an attacker would change. The signature is good in any case. */
  sign(payload: Json, header?: Json): string
}

export function createKey(alg: Algorithm = 'ES256'): Key {
  const { publicKey, privateKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    jwk: publicKey.export({ format: 'jwk' }),
    sign(payload, header = {}) {
      const signed = [{ alg, typ: 'dbsc+jwt', ...header }, payload].map(base64url).join('.')
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${signed}.${signature.toString('base64url')}`
    },
  }
}

export function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export interface Offer {
  readonly challenge: string
  readonly authorization: string
}

/** What the response's `Secure-Session-Registration` offers. */
export function offerOf(headers: readonly HeaderChange[]): Offer | null {
  const value = headerOf(headers, 'secure-session-registration')
  const [, challenge, authorization] =
    /^\(ES256 RS256\);path="\/device-bound\/register";challenge="([\w-]{22})";authorization="([\w-]{22})"$/.exec(
      value ?? '',
    ) ?? []
  return challenge === undefined || authorization === undefined ? null : { challenge, authorization }
}

export function challengeOf(answer: Answer | null): { readonly text: string; readonly id: string } {
  const [, text = '', id = ''] =
    /^"([\w-]{22})";id="([\w-]{22})"$/.exec(answer?.headers?.['secure-session-challenge'] ?? '') ?? []
  return { text, id }
}

export interface Reply {
  readonly answer: Answer | null
  readonly userId: string | null
  readonly refused: string | null
  readonly isFresh: boolean
  readonly headers: readonly HeaderChange[]
}

/** One request and its response. The browser keeps all cookies of the response. */
export async function visit(
  client: Client<TestData>,
  request: RequestOptions = {},
  handle: (session: Session<TestData>) => unknown = () => {},
): Promise<Reply> {
  const { answer, session, commit, finish } = await client.open(request)
  if (answer === null) await handle(session)
  const { userId, refused } = session
  const isFresh = session.authenticatedWithin('1h')
  const own = Object.entries(answer?.headers ?? {}).map(
    ([name, value]): HeaderChange => ({ name, value, how: 'append' }),
  )
  const headers = [...own, ...(await commit(answer?.status))]
  client.receive(headers)
  await finish()
  return { answer, userId, refused, isFresh, headers }
}

export const login = (session: Session<TestData>): Promise<void> => session.login('ada', { methods: ['pwd'] })

export async function logIn(client: Client<TestData>): Promise<Reply> {
  return visit(client, { method: 'POST', url: '/login' }, login)
}

/** A POST to one of the guard's paths, as browsers send it. */
export function post(
  client: Client<TestData>,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return visit(client, { method: 'POST', url, headers: { 'sec-fetch-site': 'same-origin', ...headers } })
}

export function register(client: Client<TestData>, proof: string): Promise<Reply> {
  return post(client, REGISTER, { 'secure-session-response': proof })
}

export function refresh(client: Client<TestData>, id: string, proof?: string): Promise<Reply> {
  return post(client, REFRESH, {
    'sec-secure-session-id': id,
    ...(proof !== undefined && { 'secure-session-response': proof }),
  })
}

export type Options = DeviceBoundOptions & { readonly world?: Partial<WorldOptions<TestData>> }

export interface Scene extends World<TestData> {
  readonly browser: Client<TestData>
  findings(): unknown[]
}

export function createScene({ world = {}, ...options }: Options = {}): Scene {
  const made = createWorld<TestData>({ guards: [deviceBound(options)], ...world })
  return { ...made, browser: made.client(), findings: () => made.eventsOf('finding').map(({ finding }) => finding) }
}

/** A user who is logged in with a browser that bound its session, some minutes later. */
export async function createBound(options: Options & { readonly alg?: Algorithm } = {}) {
  const { alg, ...rest } = options
  const scene = createScene(rest)
  const { browser, clock } = scene
  const key = createKey(alg)
  const offer = offerOf((await logIn(browser)).headers)
  if (offer === null) throw new Error('The login offered nothing.')
  const proof = key.sign({ jti: offer.challenge, authorization: offer.authorization }, { jwk: key.jwk })
  const registered = await register(browser, proof)
  const { text, id } = challengeOf(registered.answer)
  clock.advance(2 * 60_000)
  return {
    ...scene,
    key,
    offer,
    proof,
    registered,
    id,
    /** The challenge that the browser has for its next refresh. */
    challenge: text,
    bound: () => browser.jar.get(`${COOKIE} Path=/`),
    /** What a thief copied: the session cookie alone, or all cookies. */
    thief(all = false): Client<TestData> {
      const thief = scene.client()
      for (const [name, pair] of browser.jar) if (all || !pair.startsWith(COOKIE)) thief.jar.set(name, pair)
      return thief
    },
  }
}
