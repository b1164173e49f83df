import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toQuietCause } from '../../src/stores/kit/driver-errors.ts'

const said = (message: string, fields: object = {}): string =>
  toQuietCause(Object.assign(new Error(message), fields)).message

describe('a message that a server or a client writes about itself is passed on unchanged', () => {
  test.each([
    "READONLY You can't write against a read only replica. script: 0b62, on @user_script:1.",
    "Stream isn't writeable and enableOfflineQueue options is false",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.",
    'MDB_MAP_FULL: Environment mapsize limit reached',
    'Connection terminated unexpectedly',
    "We don't have enough capacity, they're used",
  ])('%s', (message) => expect(said(message)).toBe(message))

  test('with its name and code, and a path or host that the operating system names', () => {
    const message = "EACCES: permission denied, mkdir '/var/lib/app'"
    const cause = toQuietCause(Object.assign(new Error(message), { code: 'EACCES', syscall: 'mkdir', path: '/var' }))
    expect(cause).toMatchObject({ name: 'Error', message, code: 'EACCES' })
    expect(Object.keys(cause)).not.toContain('path')
  })

  test('a thrown value that is not an error becomes an error without a message', () => {
    for (const thrown of [undefined, null, 'ada', 7, { message: 7, name: 'a b' }]) {
      expect(toQuietCause(thrown)).toMatchObject({ name: 'Error', message: '' })
    }
  })
})

/** How servers, clients and parsers quote: `%` is the value. */
const QUOTING: readonly string[] = [
  "ERR unknown command 'frob', with args beginning with: '%' 'b'",
  'WRONGTYPE Operation against the key "%" holding the wrong kind of value',
  'duplicate key value violates unique constraint "t_user": Key (user_id)=(%) already exists.',
  "Duplicate entry '%' for key 'user_id'",
  'invalid input syntax for type json: "%"',
  'Unexpected token \'p\', "%" is not valid JSON',
  'JSON Parse error: Unexpected identifier "%"',
  "Data truncated for column 'data': can't take '%'",
  'syntax error near `%`',
  'no such thing as “%”',
]

/** Long and odd enough to be told from what the server itself says. */
const value = fc
  .tuple(
    fc.string({ minLength: 8, maxLength: 30, unit: 'grapheme' }),
    fc.constantFrom('', "it's", '"', "'", '`', "x'y"),
  )
  .map(([text, quote]) => `~${quote}${text}~`)

describe('a message that may contain an argument or a stored value is not passed on', () => {
  test('no value appears in a cause, however a text quotes it, nor what hangs on the error', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(...QUOTING), fc.boolean(), (text, quoting, isCode) => {
        const error = Object.assign(new Error(quoting.replace('%', () => text)), {
          name: isCode ? text : 'ReplyError',
          code: isCode ? text : 'ERR',
          command: { name: 'set', args: [text] },
          parameters: [text],
          detail: text,
        })
        const cause = toQuietCause(error)
        const log = `${cause.name} ${cause.message} ${cause.stack} ${JSON.stringify(cause)} ${Object.values(cause)}`
        expect(log).not.toContain(text)
        expect(cause.message.endsWith(' …')).toBe(true)
      }),
    )
  })

  test('the same holds for its own cause, such as that of `fetch failed`, and a circle of causes ends', () => {
    const refused = new Error('getaddrinfo ENOTFOUND redis.internal')
    expect(toQuietCause(new TypeError('fetch failed', { cause: refused })).cause).toMatchObject({
      message: refused.message,
    })
    const secret = new Error('WRONGTYPE of "ada"')
    secret.cause = secret
    const texts: string[] = []
    for (let each: unknown = toQuietCause(secret); each instanceof Error; each = each.cause) texts.push(each.message)
    expect(texts).toEqual(Array(4).fill('WRONGTYPE of …'))
  })

  test('a text without quotation marks is cut where it lists things', () => {
    const message = 'x'.repeat(2000)
    expect(said(message)).toBe(`${'x'.repeat(500)} …`)
  })
})
