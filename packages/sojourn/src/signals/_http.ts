import { SessionError } from '../core/contracts/errors.ts'
import { fromUtf8 } from '../core/lib/bytes.ts'
import { concat } from '../core/token/token.ts'

/** Reads a body as text. `null` if it is larger than `maxBytes`: whoever sends it chooses the size. */
export async function readText(message: Request | Response, maxBytes: number): Promise<string | null> {
  const parts: Uint8Array[] = []
  let size = 0
  const reader = message.body?.getReader()
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) {
    size += step.value.length
    if (size > maxBytes) {
      await reader?.cancel()
      return null
    }
    parts.push(step.value)
  }
  return fromUtf8(concat(...parts))
}

/** Whether the body has this media type, whatever its parameters. */
export function hasType(message: Request | Response, type: string): boolean {
  const [given = ''] = (message.headers.get('content-type') ?? '').split(';', 1)
  return given.trim().toLowerCase() === type
}

/** A URL to which requests may be sent: `https`, without a user, a password and a fragment. `null` if it is none. */
export function toUrl(text: unknown, isHttpAllowed: boolean): URL | null {
  try {
    const url = new URL(String(text))
    const isScheme = url.protocol === 'https:' || (isHttpAllowed && url.protocol === 'http:')
    return isScheme && url.username === '' && url.password === '' && url.hash === '' ? url : null
  } catch {
    return null
  }
}

/** The same for an option. */
export function demandUrl(text: unknown, what: string, isHttpAllowed: boolean): URL {
  const url = typeof text === 'string' ? toUrl(text, isHttpAllowed) : null
  if (url !== null) return url
  throw new SessionError('ERR_OPTION', `${what} must be a https URL without a user and a password.`)
}
