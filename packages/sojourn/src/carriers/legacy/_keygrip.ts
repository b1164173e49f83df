import { fromUtf8 } from '../../core/lib/bytes.ts'
import { createVerify, fromBase64, type Hash, toJsonObject } from './_signature.ts'

/** A cookie that keygrip signed: the text of the cookie, which is JSON in base64, or the name of a row. */
export interface Signed {
  /** The value with its signature: nobody can guess it. */
  readonly text: string
  readonly value: string
  /** The JSON object in it, or `null`. */
  readonly data: Readonly<Record<string, unknown>> | null
}

/** Verifies `value.signature`, as cookie-session and koa-session sign: `name=value`, with the signature in a cookie of its own. */
export function createKeygrip(
  keys: string | readonly string[],
  name: string,
  hash: Hash,
  option: string,
): (text: string) => Promise<Signed | null> {
  const isSigned = createVerify(keys, hash, option)
  return async (text) => {
    // The name of a row may have dots, and a signature has none.
    const dot = text.lastIndexOf('.')
    const value = text.slice(0, Math.max(dot, 0))
    if (!(await isSigned(`${name}=${value}`, text.slice(dot + 1)))) return null
    const bytes = fromBase64(value)
    return { text, value, data: bytes && toJsonObject(fromUtf8(bytes)) }
  }
}
