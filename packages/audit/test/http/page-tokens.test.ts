import { expect, test } from 'vitest'
import type { Exchange } from '../../src/http/exchange.ts'
import { createSecrets, pageTokensIn, shown } from '../../src/http/masking.ts'

const TOKEN = 'b3JkZXI6MTIz-4f9c1b7a'

test.each([
  ['a hidden field', `<input type="hidden" name="_csrf" value="${TOKEN}">`, '_csrf'],
  ['with the value first', `<INPUT value='${TOKEN}' name=authenticity_token type=hidden />`, 'authenticity_token'],
  ['a meta tag', `<meta name="csrf-token" content="${TOKEN}">`, 'csrf-token'],
  ['a link with a nonce', `<a href="/logout?do=x&amp;_wpnonce=${TOKEN}">Log out</a>`, '_wpnonce'],
  ['JSON', `{"ok":true,"csrfToken": "${TOKEN}"}`, 'csrfToken'],
])('a token against forgery is seen: %s', (_, body, name) => {
  expect(pageTokensIn(body)).toEqual([[name, TOKEN]])
})

test.each([
  '<input type="text" name="token" value="">',
  '<input name="token_type" value="bearer">',
  '{"tokenType":"session"}',
  '<a href="/help?page=tokens1234">tokens</a>',
  '<meta name="description" content="csrf 12345678">',
])('what is none is left alone: %s', (body) => {
  expect(pageTokensIn(body)).toEqual([])
})

test('no report shows a token against forgery: from the page on, it has a name', () => {
  const body = `<form><input type="hidden" name="_csrf" value="${TOKEN}"></form>`
  const exchange: Exchange = {
    number: 3,
    client: 'victim',
    purpose: 'log in',
    startedAt: 0,
    durationMs: 1,
    request: { method: 'GET', url: 'http://localhost/login', headers: [], body: null },
    response: { status: 200, headers: [], body },
    fault: null,
  }
  const secrets = createSecrets()
  secrets.learnFrom(exchange)
  expect(shown(secrets.mark(`${body} _csrf=${TOKEN}`))).toBe(
    '<form><input type="hidden" name="_csrf" value="$CSRF"></form> _csrf=$CSRF',
  )
  expect(secrets.variablesIn(secrets.mark(TOKEN))).toEqual([
    { name: 'CSRF', from: '_csrf in the answer to GET /login (exchange 3)' },
  ])
})
