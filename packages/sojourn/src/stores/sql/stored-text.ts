import { define } from '../../core/data/texts.ts'

/**
 * The stored form of keys and texts, for everything that databases cannot store or store differently. Keys become ASCII without
 * quotes, so that a path needs no escaping: other characters than word characters become `!` and their code in hexadecimal. A
 * text stays unchanged unless it contains NUL or a lone surrogate; then it is `!` and the text as JSON.
 *
 * No key is encoded as `!u`: there `data` holds a user id that does not fit its column.
 */
export const USER_KEY = '!u'

export function toStoredKey(key: string): string {
  if (key === '') return '!'
  return key.replace(/\W/g, (unit) => `!${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function fromStoredKey(key: string): string {
  if (key === '!') return ''
  return key.replace(/!([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/** Includes texts that begin like the marked ones. */
const NEEDS_MARK = /^!|\0|\p{Surrogate}/u

export function toStoredText(text: string): string {
  return NEEDS_MARK.test(text) ? `!${JSON.stringify(text)}` : text
}

function fromStoredText(text: string): string {
  return text.startsWith('!') ? JSON.parse(text.slice(1)) : text
}

/** Entries as one JSON object; `null` stands for a key to remove. */
export function toStoredData(set: Readonly<Record<string, string>>, remove: readonly string[] = []): string {
  const data: Record<string, string | null> = {}
  for (const key of Object.keys(set)) define(data, toStoredKey(key), toStoredText(set[key] ?? ''))
  for (const key of remove) define(data, toStoredKey(key), null)
  return JSON.stringify(data)
}

/** Throws if the value is not an object of texts. */
export function fromStoredData(json: string): { data: Record<string, string>; userId?: string } {
  const stored = JSON.parse(json) as Record<string, unknown>
  let isPlain = true
  for (const key of Object.keys(stored)) {
    const text = stored[key]
    if (typeof text !== 'string') throw new TypeError('not a text')
    if (key.includes('!') || text.startsWith('!')) isPlain = false
  }
  return isPlain ? { data: stored as Record<string, string> } : decode(stored as Record<string, string>)
}

function decode(stored: Record<string, string>): { data: Record<string, string>; userId?: string } {
  const { [USER_KEY]: userId, ...others } = stored
  const data: Record<string, string> = {}
  for (const key of Object.keys(others)) define(data, fromStoredKey(key), fromStoredText(others[key] ?? ''))
  return userId === undefined ? { data } : { data, userId: fromStoredText(userId) }
}

/** JSON in ASCII, so that no character set on the way can change it. */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
