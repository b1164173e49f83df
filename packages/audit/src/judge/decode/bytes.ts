import { inflateSync } from 'node:zlib'

/** A cookie has at most 4 kB. If it inflates to much more, it is not a session. */
const MOST_INFLATED = 1 << 20

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes base64 or base64url, padded or not. `null` if no encoder would write this text. */
export function fromBase64(text: string): Buffer | null {
  const plain = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')
  if (plain === '' || plain.length % 4 === 1 || !/^[A-Za-z0-9+/]+$/.test(plain)) return null
  const bytes = Buffer.from(plain, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === plain ? bytes : null
}

/** Returns the text of the bytes if a person could read it. */
export function toText(bytes: Buffer | null): string | null {
  if (bytes === null || bytes.length === 0) return null
  try {
    const text = utf8.decode(bytes)
    return [...text].some(isControl) ? null : text
  } catch {
    return null
  }
}

export function inflate(bytes: Buffer | null): Buffer | null {
  if (bytes === null) return null
  try {
    return inflateSync(bytes, { maxOutputLength: MOST_INFLATED })
  } catch {
    return null
  }
}

export function percentDecoded(text: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function isControl(letter: string): boolean {
  const code = letter.charCodeAt(0)
  return code === 0x7f || (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d)
}
