import { describe, expect, test } from 'vitest'
import type { Exchange, Headers } from '../../src/http/exchange.ts'
import { createSecrets, shellWord, shown } from '../../src/http/masking.ts'

const ID = 'abcdef0123456789'

function exchange(sent: Headers, got: Headers | null, body = ''): Exchange {
  return {
    number: 7,
    client: 'one',
    purpose: 'a test',
    startedAt: 0,
    durationMs: 1,
    request: { method: 'GET', url: 'https://shop.example/account?x=1', headers: sent, body: null },
    response: got === null ? null : { status: 200, headers: got, body },
    fault: null,
  }
}

describe('secrets in a report', () => {
  test('a secret becomes a variable named after it', () => {
    const secrets = createSecrets()
    secrets.learn(ID, 'connect.sid', 'the login')
    const marked = secrets.mark(`sid=${ID}; again ${ID}`)
    expect(shown(marked)).toBe('sid=$CONNECT_SID; again $CONNECT_SID')
    expect(secrets.variablesIn(marked)).toEqual([{ name: 'CONNECT_SID', from: 'the login' }])
  })

  test.each([
    ['__Host-sid', 'HOST_SID'],
    ['--', 'SECRET'],
    ['', 'SECRET'],
    ['a', 'A'],
  ])('%j is the variable %s', (name, variable) => {
    const secrets = createSecrets()
    secrets.learn(ID, name, '')
    expect(shown(secrets.mark(ID))).toBe(`$${variable}`)
  })

  test('a second secret of a name is counted, and a value keeps its first name', () => {
    const secrets = createSecrets()
    secrets.learn(ID, 'sid', 'first')
    secrets.learn(`${ID}x`, 'sid', 'second')
    secrets.learn(ID, 'other', 'third')
    expect(shown(secrets.mark(`${ID}x ${ID}`))).toBe('$SID_2 $SID')
  })

  test('an empty value is no secret', () => {
    const secrets = createSecrets()
    secrets.learn('', 'sid', '')
    expect(secrets.markWhole('')).toBe('')
  })

  test('a short value is masked as a cookie, and not inside words', () => {
    const secrets = createSecrets()
    secrets.learn('lamps', 'sid', '')
    secrets.learn('lights', 'sid', '')
    expect(shown(secrets.mark('lamps and lights'))).toBe('lamps and $SID_2')
    expect(shown(secrets.markWhole('lamps'))).toBe('$SID')
    expect(shown(secrets.markWhole('lights on'))).toBe('$SID_2 on')
  })

  test('the encoded and the decoded form of a secret are secrets too', () => {
    const secrets = createSecrets()
    secrets.learn('s:abc/def+ghi', 'sid', 'the login')
    secrets.learn('xyz%2F0123', 'two', '')
    secrets.learn('broken%zz012', 'three', '')
    const marked = secrets.mark('s%3Aabc%2Fdef%2Bghi xyz/0123 broken%25zz012')
    expect(shown(marked)).toBe('$SID_ENCODED $TWO_DECODED $THREE_ENCODED')
    expect(secrets.variablesIn(marked)).toContainEqual({ name: 'SID_ENCODED', from: 'SID, URL-encoded' })
    expect(secrets.variablesIn(marked)).toContainEqual({ name: 'TWO_DECODED', from: 'TWO, URL-decoded' })
  })

  test('text that looks like a mark in what a server writes is no mark of ours', () => {
    expect(shown('\uE000not a mark\uE001')).toBe('\uE000not a mark\uE001')
  })
})

/** The id of express-session: a store's key, and a part of the cookie. */
const STORE_KEY = 'eyJ4oxV32PLyL_RaSE_tVc-4LRW3p3tf'
const SIGNATURE = 'pmmjUfUCOs+P/yjoVTHNtgkwg4lLO3v0qm4QhSGJkdI'

const base64 = (text: string) => Buffer.from(text).toString('base64url')

describe('a part of a token', () => {
  const reported = (token: string, text: string): string => {
    const secrets = createSecrets()
    secrets.learn(token, 'sid', 'the login')
    return shown(secrets.mark(text))
  }

  test.each([
    ['the id of express-session', `s%3A${STORE_KEY}.${encodeURIComponent(SIGNATURE)}`, STORE_KEY],
    ['a signature', `s:${STORE_KEY}.${SIGNATURE}`, SIGNATURE],
    ['an id without digits', `s:AbCdEfGhIjKlMnOpQrStUvWxYz_-AbCd.${SIGNATURE}`, 'AbCdEfGhIjKlMnOpQrStUvWxYz_-AbCd'],
    [
      'a UUID beside its signature',
      `5f0c1a52-9a44-4d0e-9c57-0d6b1e3c2f11.${ID}`,
      '5f0c1a52-9a44-4d0e-9c57-0d6b1e3c2f11',
    ],
    ['the content of a Rails cookie', `${base64('{"a":1}xyzxyzxyz')}--${ID}${ID}`, base64('{"a":1}xyzxyzxyz')],
    ['one of two ids joined by a hyphen', `${ID}-0123456789fedcba`, '0123456789fedcba'],
    ['a field of Tornado', `2|1:0|10:1700000000|3:sid|24:${base64('0123456789abcdef')}|${ID}${ID}`, `${ID}${ID}`],
    ['a named value', `user=alice&key=${ID}`, ID],
    [
      'the payload of a JWT',
      `eyJhbGciOiJIUzI1NiJ9.${base64('{"sub":"alice"}')}.${SIGNATURE}`,
      base64('{"sub":"alice"}'),
    ],
    ['an id inside of a JWT', `eyJhbGciOiJIUzI1NiJ9.${base64(`{"sid":"${STORE_KEY}"}`)}.${SIGNATURE}`, STORE_KEY],
    ['a long number', `1234567890123456.${ID}`, '1234567890123456'],
  ])('is masked: %s', (_, token, part) => {
    expect(reported(token, `<code>${part}</code>`)).toMatch(/^<code>\$SID_PART(_\d+)?<\/code>$/)
  })

  test('is described as such', () => {
    const secrets = createSecrets()
    secrets.learn(`${STORE_KEY}.${SIGNATURE}`, 'sid', 'the login')
    expect(secrets.variablesIn(secrets.mark(STORE_KEY))).toEqual([{ name: 'SID_PART', from: 'part of SID' }])
  })

  test('does not replace the whole', () => {
    const token = `s:${STORE_KEY}.${SIGNATURE}`
    expect(reported(token, token)).toBe('$SID')
  })

  test.each([
    ['a name', `alice.${ID}`, 'alice'],
    ['an address', `alice-liddell@wonderland.example|${ID}`, 'alice-liddell@wonderland.example'],
    ['a time', `1700000000000|${ID}`, '1700000000000'],
    ['a path', `{"returnTo":"/auth/realms/v2/example"}`, '/auth/realms/v2/example'],
    ['a word', `{"administratorsname":"${ID}"}`, 'administratorsname'],
    ['a word in camel case', `{"preferredUsername":"${ID}"}`, 'preferredUsername'],
    [
      'the issuer of a JWT',
      `eyJhbGciOiJIUzI1NiJ9.${base64('{"iss":"https://localhost:3000/auth"}')}.x`,
      'localhost:3000',
    ],
  ])('is left readable if it is no secret: %s', (_, token, part) => {
    expect(reported(token, `<code>${part}</code>`)).toBe(`<code>${part}</code>`)
  })
})

describe('secrets of an exchange', () => {
  const reported = (sent: Headers, got: Headers | null, text: string, body = ''): string => {
    const secrets = createSecrets()
    secrets.learnFrom(exchange(sent, got, body))
    return shown(secrets.mark(text))
  }

  test('cookies that are set, with any spaces around them', () => {
    const lines: Headers = [
      ['set-cookie', ` sid = ${ID} ; Path=/`],
      ['Set-Cookie', `two=${ID}=x`],
      ['set-cookie', 'nothing'],
    ]
    expect(reported([], lines, `${ID}=x | ${ID} | nothing`)).toBe('$TWO | $SID | nothing')
  })

  test('the source of a cookie is described, without the query', () => {
    const secrets = createSecrets()
    secrets.learnFrom(exchange([], [['set-cookie', `sid=${ID}`]]))
    expect(secrets.variablesIn(secrets.mark(ID))).toEqual([
      { name: 'SID', from: 'cookie sid in the answer to GET /account (exchange 7)' },
    ])
  })

  test('cookies and bearer tokens that the audit made up', () => {
    const sent: Headers = [
      ['cookie', `sid=${ID}; theme=dark`],
      ['authorization', `Bearer ${ID}.b`],
    ]
    expect(reported(sent, null, `${ID}.b ${ID} dark`)).toBe('$MADE_UP_TOKEN $MADE_UP_SID dark')
  })

  test('a made-up cookie that is encoded and signed', () => {
    const madeUp = `s%3A${STORE_KEY}.${encodeURIComponent(SIGNATURE)}`
    expect(reported([['cookie', `sid=${madeUp}`]], null, `${madeUp} ${STORE_KEY}`)).toBe(
      '$MADE_UP_SID $MADE_UP_SID_PART',
    )
  })

  test.each(['abcdef012345678', 'abcdef 0123456789', '../../../../etc/hostname', '%7B%22user%22%3A%22admin%22%7D'])(
    '%s was not made up as a token',
    (value) => {
      expect(reported([['cookie', `sid=${value}`]], null, value)).toBe(value)
    },
  )

  test('a cookie that came from the server keeps that name when it is sent', () => {
    const secrets = createSecrets()
    secrets.learnFrom(exchange([], [['set-cookie', `sid=${ID}`]]))
    secrets.learnFrom(exchange([['cookie', `sid=${ID}`]], []))
    expect(shown(secrets.mark(ID))).toBe('$SID')
  })

  test('the tokens of its page', () => {
    const body = `<form><input type="hidden" name="csrf_token" value="${ID}"></form>`
    expect(reported([], [['content-type', 'text/html']], `token ${ID}`, body)).toMatch(/^token \$\w+$/)
  })
})

describe('a word of a shell command', () => {
  test.each([
    ['plain', '"plain"'],
    ['a "b" \\ $HOME `id`', '"a \\"b\\" \\\\ \\$HOME \\`id\\`"'],
    ['wow!', `"wow"'!'""`],
  ])('%s', (text, expected) => {
    expect(shellWord(text)).toBe(expected)
  })

  test('it contains secrets as variables', () => {
    const secrets = createSecrets()
    secrets.learn(ID, 'sid', '')
    expect(shellWord(secrets.mark(`$x=${ID}`))).toBe(`"\\$x=\${SID}"`)
  })
})
