import { SessionError } from '../core/contracts/errors.ts'

/** Methods that change nothing (RFC 9110, section 9.2.1). A page of another origin cannot read their responses. */
export const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/** Segments of unreserved characters only: every server reads such a path in the same way. */
const PLAIN_PATH = /^(?:\/[\w~.-]+)*\/?$/
const DOT_SEGMENT = /\/\.\.?(?:\/|$)/

function isPlain(path: string): boolean {
  return path.startsWith('/') && PLAIN_PATH.test(path) && !DOT_SEGMENT.test(path)
}

/** `pattern` is plain except for the `*` at its end, so an equal path is plain too. */
export function matches(pattern: string, url: string): boolean {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  return pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) && isPlain(path) : path === pattern
}

/** `option`: whose path this is. */
export function demandPath(pattern: string, option: string): string {
  if (pattern !== '/*' && isPlain(pattern.endsWith('/*') ? pattern.slice(0, -1) : pattern)) return pattern
  throw new SessionError(
    'ERR_OPTION',
    `${option}: write "/webhooks/stripe", or "/webhooks/*" for all paths below; use letters, digits and -._~ only.`,
  )
}
