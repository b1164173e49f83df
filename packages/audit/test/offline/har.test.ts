import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { readHar } from '../../src/judge/har/har.ts'
import { judgeHar } from '../../src/judge/har/judge-har.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Entry {
  readonly url: string
  readonly method?: string
  readonly sent?: Readonly<Record<string, string>>
  readonly got?: readonly (readonly [string, string])[]
  readonly status?: number
}

const toHar = (entries: readonly Entry[]): string =>
  JSON.stringify({
    log: {
      version: '1.2',
      entries: entries.map(({ url, method = 'GET', sent = {}, got = [], status = 200 }) => ({
        request: { method, url, headers: Object.entries(sent).map(([name, value]) => ({ name, value })) },
        response: {
          status,
          headers: got.map(([name, value]) => ({ name, value })),
          content: { mimeType: 'text/html', text: '' },
        },
      })),
    },
  })

const judge = (...entries: Entry[]) => judgeHar(readHar(toHar(entries)) ?? [])
const failing = (...entries: Entry[]): string[] =>
  judge(...entries)
    .filter(({ verdict }) => verdict === 'fail')
    .map(({ about }) => about)

const SECRET = 'V1StGXR8_Z5jdHi6BmyTxx'
const SET = `sid=${SECRET}; Path=/; Secure; HttpOnly; SameSite=Lax`
const login: Entry = {
  url: 'https://app.example/login',
  method: 'POST',
  got: [
    ['Set-Cookie', SET],
    ['Cache-Control', 'no-store'],
    ['Strict-Transport-Security', 'max-age=63072000'],
  ],
}
const page: Entry = {
  url: 'https://app.example/account',
  sent: { Cookie: `sid=${SECRET}` },
  got: [
    ['Cache-Control', 'no-store'],
    ['Content-Type', 'text/html'],
  ],
}

describe('a capture of a browser', () => {
  test('of a correct application has no failure', () => {
    expect(failing(login, page)).toEqual([])
    expect(judge(login, page).some(({ verdict }) => verdict === 'pass')).toBe(true)
  })

  test('a credential in an address, in the Referer of another site, and in a redirect', () => {
    const inUrl = { ...page, url: `https://app.example/a?sid=${SECRET}` }
    const out = { url: 'https://cdn.example/x.js', sent: { Referer: inUrl.url } }
    const redirect = { ...page, status: 302, got: [['Location', `/b?s=${SECRET}`]] as const }
    expect(failing(login, inUrl)).toContain('cookie sid in an address')
    expect(failing(login, out)).toContain('cookie sid in the Referer')
    expect(failing(login, redirect)).toContain('cookie sid in a redirect')
  })

  test('an address with a parameter of a token, also when the file has no cookie', () => {
    expect(failing({ url: 'https://app.example/?access_token=abcdefghijklmnop' })).toContain('parameter access_token')
    expect(failing({ url: 'https://app.example/a;jsessionid=ABCDEF0123456789' })).toContain('path parameter jsessionid')
  })

  test('stylesheets and images are nobody’s pages, whatever is sent along with them', () => {
    const got = [['Cache-Control', 'public, max-age=60']] as const
    const svg = { ...page, got: [...got, ['Content-Type', 'image/svg+xml'] as const] }
    const notModified = { ...page, status: 304, got }
    expect(failing(login, svg, notModified)).not.toContain('shared caches')
  })

  test('caches, HSTS and plain http', () => {
    expect(failing(login, { ...page, got: [['Content-Type', 'text/html']] })).toContain('caches')
    expect(
      failing(login, {
        ...page,
        got: [
          ['Cache-Control', 'public, max-age=60'],
          ['Content-Type', 'text/html'],
        ],
      }),
    ).toContain('shared caches')
    expect(failing({ ...login, got: [['Set-Cookie', SET]] }, page)).toContain(
      'Strict-Transport-Security of app.example',
    )
    expect(failing(login, { ...page, url: 'http://app.example/account' })).toContain('plain http')
    expect(failing({ ...page, url: 'http://localhost:3000/account' })).not.toContain('plain http')
  })

  test('a bearer token is read, and several lines in one header are', () => {
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"alice"}').toString('base64url')}.`
    expect(failing({ ...page, sent: { Authorization: `Bearer ${none}` } })).toContain('bearer token: protection')
    expect(failing({ ...login, got: [['set-cookie', `lang=en\nsession=${SECRET}; Path=/`]] })).toContain(
      'cookie session: Secure',
    )
  })

  test('a file that browsers left the cookies out of is no success', () => {
    expect(judge({ url: 'https://app.example/' })).toMatchObject([{ verdict: 'cannot-judge', about: 'file' }])
  })

  test('the findings contain no credential', () => {
    expect(JSON.stringify(judge(login, { ...page, url: `https://app.example/a?sid=${SECRET}` }))).not.toContain(SECRET)
  })

  test('a file that is not HAR is reported as such, and any JSON is read without an error', () => {
    expect(readHar('nothing')).toBeNull()
    expect(readHar('{"log":{}}')).toBeNull()
    const odd = fc
      .anything()
      .map((entries) => JSON.stringify({ log: { entries: [entries, { request: entries, response: entries }] } }))
    fc.assert(fc.property(odd, (text) => void judgeHar(readHar(text) ?? [])))
  })
})
