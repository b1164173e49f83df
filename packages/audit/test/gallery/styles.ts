import { createHash, randomBytes } from 'node:crypto'
import { type InCookie, inCookie, type OnServer, onServer, sealed } from '../support/styles/kept.ts'
import type { Carried, Site } from '../support/styles/site.ts'
import type { App, Ask } from '../support/web.ts'

/** How one stack does it: what differs from all others. */
export interface Style {
  readonly site: Site
  readonly names: readonly string[]
  readonly carried: () => Carried
  readonly around?: (app: App) => App
}

const NO_STORE = { 'cache-control': 'no-store, no-cache, must-revalidate' }
const site = (csrf: string, more: Partial<Site> = {}): Site => ({
  fields: { name: 'username', password: 'password', csrf },
  checksToken: true,
  headers: NO_STORE,
  ...more,
})
const hex = (bytes: number) => randomBytes(bytes).toString('hex')
export const php = (more: Partial<OnServer> = {}): Style => ({
  names: ['PHPSESSID'],
  site: site('csrf_token', { headers: { ...NO_STORE, expires: 'Thu, 19 Nov 1981 08:52:00 GMT', pragma: 'no-cache' } }),
  carried: () =>
    onServer({
      name: 'PHPSESSID',
      makeId: () => hex(16).slice(0, 26),
      attributes: 'path=/; HttpOnly; SameSite=Lax',
      ...more,
    }),
})

const MASK = {
  show: (token: string) => {
    const pad = randomBytes(16)
    const mixed = Buffer.from(token, 'hex').map((byte, i) => byte ^ (pad[i] ?? 0))
    return Buffer.concat([pad, mixed]).toString('base64')
  },
  read: (shown: string) => {
    const bytes = Buffer.from(shown, 'base64')
    return Buffer.from(bytes.subarray(16).map((byte, i) => byte ^ (bytes[i] ?? 0))).toString('hex')
  },
}

export function servlet(rewrites: boolean, more: Partial<OnServer> = {}, checksToken = true): Style {
  const fromPath = (ask: Ask) => /;jsessionid=([^;?]+)/.exec(ask.path)?.[1]
  let made: ReturnType<typeof onServer>
  const address = (path: string, ask: Ask) =>
    rewrites && !ask.cookies.has('JSESSIONID') ? `${path};jsessionid=${made.idFor(ask)}` : path
  return {
    names: ['JSESSIONID'],
    site: site(checksToken ? '_csrf' : '', { address, checksToken, mask: MASK }),
    carried: () => {
      const makeId = () => hex(16).toUpperCase()
      made = onServer({
        name: 'JSESSIONID',
        makeId,
        attributes: 'Path=/; HttpOnly; SameSite=Lax',
        ...(rewrites && { idOf: fromPath }),
        ...more,
      })
      return made
    },
    // The servlet knows the path without what was put behind it.
    around: (app) => (ask) => {
      const [path = ''] = ask.path.split(';')
      const id = rewrites ? fromPath(ask) : undefined
      return app({
        ...ask,
        path,
        cookies:
          id === undefined || ask.cookies.has('JSESSIONID')
            ? ask.cookies
            : new Map([...ask.cookies, ['JSESSIONID', id]]),
      })
    },
  }
}

const COOKIES = '.AspNetCore.Cookies'
export const aspNetCore = (more: Partial<InCookie> = {}): Style => ({
  names: [COOKIES, `${COOKIES}C1`, `${COOKIES}C2`],
  site: site('__RequestVerificationToken'),
  carried: () =>
    inCookie({
      names: [`${COOKIES}C1`, `${COOKIES}C2`],
      head: [COOKIES, 'chunks-2'],
      padding: 3000,
      attributes: 'path=/; samesite=lax; httponly',
      encode: (bytes) => `CfDJ8${bytes.toString('base64url')}`,
      decode: (text) => Buffer.from(text.slice(5), 'base64url'),
      ...more,
    }),
})

export const classicAsp: Style = {
  names: ['ASPSESSIONIDQCRDBTQS'],
  site: site('', { checksToken: false, headers: { 'cache-control': 'private' } }),
  carried: () =>
    onServer({
      name: 'ASPSESSIONIDQCRDBTQS',
      makeId: () => [...randomBytes(24)].map((byte) => String.fromCharCode(65 + (byte % 26))).join(''),
      attributes: 'path=/',
      keepsId: true,
    }),
}

export const rails = (more: Partial<InCookie> = {}): Style => ({
  names: ['_app_session'],
  site: site('authenticity_token', { mask: MASK, headers: { 'cache-control': 'no-store' } }),
  carried: () =>
    inCookie({
      names: ['_app_session'],
      attributes: 'path=/; HttpOnly; SameSite=Lax',
      encode: (bytes) =>
        [bytes.subarray(28), bytes.subarray(0, 12), bytes.subarray(12, 28)]
          .map((part) => encodeURIComponent(part.toString('base64')))
          .join('--'),
      decode: (text) => {
        const [data, iv, tag] = decodeURIComponent(text)
          .split('--')
          .map((part) => Buffer.from(part, 'base64'))
        return Buffer.concat([iv ?? Buffer.alloc(0), tag ?? Buffer.alloc(0), data ?? Buffer.alloc(0)])
      },
      always: true,
      ...more,
    }),
})

/** Encrypted anew with each answer, as `encrypt()` writes it: an old one stays good as long as its session. */
export function laravel(more: Partial<OnServer> = {}): Style {
  const { seal, open } = sealed()
  const write = (value: string) => {
    const bytes = seal(value)
    const [iv, tag, data] = [bytes.subarray(0, 12), bytes.subarray(12, 28), bytes.subarray(28)].map((part) =>
      part.toString('base64'),
    )
    return encodeURIComponent(Buffer.from(JSON.stringify({ iv, value: data, mac: '', tag })).toString('base64'))
  }
  const decode = (text: string) => {
    const { iv, value, tag } = JSON.parse(Buffer.from(decodeURIComponent(text), 'base64').toString()) as Record<
      string,
      string
    >
    return Buffer.concat([iv, tag, value].map((part) => Buffer.from(part ?? '', 'base64')))
  }
  return {
    names: ['laravel_session'],
    site: site('_token', { headers: { 'cache-control': 'no-cache, no-store, private' } }),
    carried: () =>
      onServer({
        name: 'laravel_session',
        makeId: () => hex(20),
        attributes: 'path=/; httponly; samesite=lax',
        always: true,
        wrap: write,
        unwrap: (text) => open(decode, text) as string | null,
        ...more,
      }),
    around: (app) => async (ask) => {
      const reply = await app(ask)
      const token = /name="_token" value="([^"]+)"/.exec(reply.html ?? '')?.[1] ?? hex(20)
      return { ...reply, cookies: [`XSRF-TOKEN=${write(token)}; path=/; samesite=lax`, ...(reply.cookies ?? [])] }
    },
  }
}

const SESSION = 'next-auth.session-token'
const CSRF = 'next-auth.csrf-token'
/** An encrypted token in parts, and a token against forged requests that a cookie and a field must agree on. */
export function nextAuth(more: Partial<InCookie> = {}): Style {
  const secret = hex(32)
  const hashOf = (token: string) =>
    createHash('sha256')
      .update(token + secret)
      .digest('hex')
  const isReal = (value = '') => value.split('|')[1] === hashOf(value.split('|')[0] ?? '')
  const decoded = (value = '') => value.replaceAll('%7C', '|')
  const parts = (bytes: Buffer) =>
    [bytes.subarray(0, 12), bytes.subarray(28), bytes.subarray(12, 28)].map((part) => part.toString('base64url'))
  return {
    names: [`${SESSION}.0`, `${SESSION}.1`],
    site: site('csrfToken', { checksToken: false }),
    carried: () =>
      inCookie({
        names: [`${SESSION}.0`, `${SESSION}.1`],
        padding: 3000,
        attributes: 'Path=/; HttpOnly; SameSite=Lax',
        visitors: false,
        encode: (bytes) => `eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..${parts(bytes).join('.')}`,
        decode: (text) => {
          const [, , iv = '', data = '', tag = ''] = text.split('.')
          return Buffer.concat([iv, tag, data].map((part) => Buffer.from(part, 'base64url')))
        },
        ...more,
      }),
    around: (app) => async (ask) => {
      const held = decoded(ask.cookies.get(CSRF))
      const token = isReal(held) ? (held.split('|')[0] ?? '') : hex(32)
      if (ask.method === 'POST' && (!isReal(held) || ask.body.csrfToken !== token))
        return { status: 403, html: 'MissingCSRF' }
      const reply = await app(ask)
      const html = reply.html?.replaceAll(
        /<form[^>]*>/g,
        (form) => `${form}<input type="hidden" name="csrfToken" value="${token}">`,
      )
      const cookies = isReal(held) ? [] : [`${CSRF}=${token}%7C${hashOf(token)}; Path=/; HttpOnly; SameSite=Lax`]
      return { ...reply, ...(html !== undefined && { html }), cookies: [...cookies, ...(reply.cookies ?? [])] }
    },
  }
}
