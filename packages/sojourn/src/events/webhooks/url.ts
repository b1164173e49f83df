import { SessionError } from '../../core/contracts/errors.ts'

/** A URL to which requests may be sent: `https`, without a user, a password and a fragment. `null` if it is none. */
export function toUrl(text: unknown, isHttpAllowed: boolean): URL | null {
  let url: URL
  try {
    url = new URL(String(text))
  } catch {
    return null
  }
  const isScheme = url.protocol === 'https:' || (isHttpAllowed && url.protocol === 'http:')
  return isScheme && url.username === '' && url.password === '' && url.hash === '' ? url : null
}

export function demandUrl(text: unknown, what: string, isHttpAllowed: boolean): URL {
  const url = typeof text === 'string' ? toUrl(text, isHttpAllowed) : null
  if (url !== null) return url
  throw new SessionError('ERR_OPTION', `${what} must be a https URL without a user and a password.`)
}
