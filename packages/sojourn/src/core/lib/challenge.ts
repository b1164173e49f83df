/** The `error` of a proof of identity that is too old or too weak (RFC 9470, section 3). */
export const INSUFFICIENT_AUTHENTICATION = 'insufficient_user_authentication'

/** The value of `WWW-Authenticate`. Values must not contain quotes, backslashes or control characters. */
export function toChallengeHeader(scheme: string, parameters: Readonly<Record<string, string>>): string {
  const list = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  return list.length === 0 ? scheme : `${scheme} ${list.join(', ')}`
}
