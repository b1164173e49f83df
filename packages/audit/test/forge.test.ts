import type { Recipe } from '@sojourn/audit'
import { describe, expect, test } from 'vitest'
import { forgeriesOf } from '../src/checks/lib/forge/attempts.ts'
import type { Forged } from '../src/checks/lib/forge/forms.ts'
import { goesWith, headersFrom, sendersOf } from '../src/checks/lib/forge/senders.ts'
import type { HeldCookie } from '../src/http/client.ts'

type Step = Recipe['login'][number]

const variables = new Map([
  ['value', 'fresh'],
  ['token', 'of-my-own'],
])
const forgeries = (step: Step) => forgeriesOf(step, variables, new Set(['token']))
const named = (all: readonly Forged[], name: string) => all.find((forged) => forged.name === name)
const target = new URL('http://shop.example:8080')
const [navigation] = forgeries({ post: '/x' })

/** The fields that a server reads from it. */
const fieldsOf = async ({ url, method, headers, body }: Forged) => {
  const request = new Request(new URL(url, target), { method, headers: Object.fromEntries(headers), body })
  return Object.fromEntries(await request.formData())
}

describe('a forged request', () => {
  const step: Step = {
    put: '/name?csrf=${token}&page=1',
    headers: { 'x-csrf-token': '${token}', 'x-other': '1' },
    json: { name: '${value}', of: { list: ['a', 'b'] }, token: '${token}' },
  }

  test('without a token: nothing of it in field, query or header, and the rest as it was', () => {
    const link = named(forgeries(step), 'a link')
    expect(link?.url).toBe('/name?page=1&name=fresh&of%5Blist%5D%5B%5D=a&of%5Blist%5D%5B%5D=b')
    expect(link?.headers).toEqual([])
  })

  test('with a token of another session, and with an empty one', () => {
    const all = forgeries(step)
    expect(named(all, 'a link and a token of the attacker’s own')?.url).toContain('csrf=of-my-own')
    const empty = named(all, 'a form and an empty token')
    expect(new URLSearchParams(empty?.body ?? '').get('token')).toBe('')
    expect(empty?.url).toBe('/name?csrf=&page=1')
  })

  test('a token that is only in a header cannot be sent: nothing is tried twice', () => {
    const all = forgeries({ post: '/x', headers: { 'x-csrf-token': '${token}' }, form: { name: '${value}' } })
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    expect(all.filter(({ name }) => name.includes('token'))).toEqual([])
  })

  test('another method: in a field, in the address, and in the address of a link', () => {
    const all = forgeries(step)
    expect(new URLSearchParams(named(all, 'a form')?.body ?? '').get('_method')).toBe('PUT')
    for (const name of ['a form whose address names the method', 'a link that names the method']) {
      const { searchParams } = new URL(named(all, name)?.url ?? '', target)
      expect([searchParams.get('_method'), searchParams.get('X-HTTP-Method-Override')]).toEqual(['PUT', 'PUT'])
    }
  })

  test('a form of type text/plain is JSON with one member more', () => {
    for (const json of [{ name: '${value}' }, {}]) {
      const { body, headers, mode } = named(forgeries({ post: '/x', json }), 'JSON in a form of type text/plain') ?? {}
      expect([headers, mode]).toEqual([[['content-type', 'text/plain']], 'navigate'])
      // As a browser writes it: a name, "=", a value, and the end of a line.
      expect(body).toMatch(/^[^=]+=[^=]+\r\n$/)
      expect(JSON.parse(body ?? '')).toEqual({ ...('name' in json && { name: 'fresh' }), _: '=' })
    }
  })

  test('a multipart form is read as one', async () => {
    const multipart = named(forgeries({ post: '/x', form: { 'a"b': 'ä\nb', name: '${value}' } }), 'a multipart form')
    expect(await fieldsOf(multipart as Forged)).toEqual({ 'a"b': 'ä\nb', name: 'fresh' })
  })

  test('is one that needs no leave: GET or POST, and a type that forms have', () => {
    for (const { method, headers, mode } of forgeries(step)) {
      expect(['GET', 'POST']).toContain(method)
      const type = headers.find(([name]) => name === 'content-type')?.[1] ?? 'text/plain'
      expect(type).toMatch(/^(text\/plain|multipart\/form-data|application\/x-www-form-urlencoded)/i)
      if (type.includes('json') || type !== type.toLowerCase()) expect(mode).toBe('no-cors')
    }
  })
})

describe('who sends it', () => {
  const says = (site: 'cross-site' | 'same-site', at: URL) =>
    sendersOf(site, at).map((sender) => Object.fromEntries(headersFrom(sender, at, navigation as Forged)))
  const origins = (site: 'cross-site' | 'same-site', at: URL) => new Set(says(site, at).map(({ origin }) => origin))

  test('hides its name in both sites, with Sec-Fetch-Site and without', () => {
    const loopback = new URL('http://127.0.0.1:3000')
    for (const site of ['cross-site', 'same-site'] as const) {
      const hidden = says(site, loopback).filter(({ origin }) => origin === 'null')
      expect(hidden.map((headers) => headers['sec-fetch-site'])).toEqual([site, undefined])
      expect(hidden.some(({ referer }) => referer !== undefined)).toBe(false)
    }
  })

  test('has a name that begins or ends like the target’s, where that can be', () => {
    expect(origins('cross-site', target)).toContain('http://attacker-shop.example:8080')
    expect(origins('cross-site', target)).toContain('http://shop.example.attacker.example')
    expect([...origins('cross-site', new URL('http://[::1]:1'))].some((origin) => origin?.includes('-['))).toBe(false)
  })

  test('is a host of the same site: a sibling, another port, plain HTTP beside TLS', () => {
    expect(origins('same-site', new URL('https://www.shop.example'))).toEqual(
      new Set(['https://attacker.shop.example', 'null', 'http://www.shop.example']),
    )
    expect(origins('same-site', new URL('http://localhost:3000'))).toEqual(new Set(['http://localhost:1', 'null']))
  })

  test('sends no Sec-Fetch-Site over plain HTTP, and no Origin with GET', () => {
    expect(says('cross-site', target).some((headers) => 'sec-fetch-site' in headers)).toBe(false)
    const [sender] = sendersOf('cross-site', target)
    const link = named(forgeries({ post: '/x' }), 'a link') as Forged
    expect(Object.fromEntries(headersFrom(sender as NonNullable<typeof sender>, target, link))).not.toHaveProperty(
      'origin',
    )
  })
})

test('SameSite, method and mode decide whether the cookie is sent', () => {
  const goes = (sameSite: string | null, method: string, mode: Forged['mode']) =>
    goesWith({ sameSite } as HeldCookie, 'cross-site', method, mode)
  const table = [null, 'none', 'lax', 'strict'].map((sameSite) => [
    goes(sameSite, 'POST', 'navigate'),
    goes(sameSite, 'GET', 'navigate'),
    goes(sameSite, 'POST', 'no-cors'),
  ])
  expect(table).toEqual([
    [true, true, false],
    [true, true, true],
    [false, true, false],
    [false, false, false],
  ])
})
