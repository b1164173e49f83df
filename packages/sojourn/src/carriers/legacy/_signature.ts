import { checkArgument } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'

/** Checks a signature as the other library writes it, in constant time. */
export type Verify = (text: string, signature: string) => Promise<boolean>

/** The hashes that other libraries sign with. */
export type Hash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

/**
 * HMAC in base64, in any of the alphabets, with or without padding. `secrets`: those of the other library, the newest first. They
 * may be short, because they are as they are.
 */
export function createVerify(secrets: string | readonly string[], hash: Hash, option: string): Verify {
  const list = toSecrets(secrets, option)
  const algorithm = { name: 'HMAC', hash }
  let keys: Promise<CryptoKey[]> | undefined

  return async (text, signature) => {
    const given = fromBase64(signature)
    if (given === null) return false
    keys ??= Promise.all(list.map((secret) => crypto.subtle.importKey('raw', secret, algorithm, false, ['verify'])))
    for (const key of await keys) {
      if (await crypto.subtle.verify('HMAC', key, given, toUtf8(text) as Uint8Array<ArrayBuffer>)) return true
    }
    return false
  }
}

function toSecrets(secrets: unknown, option: string): Uint8Array<ArrayBuffer>[] {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets]
  for (const secret of list) {
    checkArgument(secret, 'string', option)
    if (secret === '')
      throw new SessionError('ERR_OPTION', `${option} is empty: an environment variable may be missing.`)
  }
  if (list.length > 0) return list.map((secret) => toUtf8(String(secret)) as Uint8Array<ArrayBuffer>)
  throw new SessionError('ERR_OPTION', `${option} is an empty list: no old session would be accepted.`)
}

/**
 * Returns the bytes of a text in base64, in any of the alphabets, with or without padding. `null`, if it is none, or if its last bits are
 * not zero: such a text is another spelling of the same bytes, and nobody but an attacker writes it.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const usual = text
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '')
  const binary = toBinary(usual)
  if (binary === null || btoa(binary).replace(/=+$/, '') !== usual) return null
  return Uint8Array.from(binary, (each) => each.charCodeAt(0))
}

function toBinary(base64: string): string | null {
  try {
    return atob(base64)
  } catch {
    return null
  }
}

/** Returns the JSON object in the text, or `null` if there is none. */
export function toJsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
