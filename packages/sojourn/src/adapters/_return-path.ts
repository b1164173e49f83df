/** A longer path is not returned to. Proxies accept about 8 kB for a whole URL, and encoding makes a path up to three times longer. */
const MAX_CHARACTERS = 2048

/** One slash, no second one, then printable ASCII without a backslash. Browsers read `\` as `/`, and drop tabs and line breaks. */
const WRITTEN = /^\/(?![/\\])[!-[\]-~]*$/
/** The same for the path as a server may decode it. Letters of other alphabets are fine there. */
const DECODED = /^\/(?![/\\])[^\\\p{Cc}]*$/u

/**
 * Returns the path if it is safe to redirect to, and `otherwise` if not: for the page to which a user returns after signing in.
 * `value` comes from the client, so it may be anything: `req.query.returnTo`. Safe means: a path of this application with an
 * optional query, at most 2048 characters long. URLs with a host or a scheme are not (open redirects, ASVS 5.0 3.7.2).
 *
 * ```ts
 * import { returnPath } from 'sojourn/express'
 *
 * app.post('/sign-in', async (req, res) => {
 *   const user = await checkPassword(req.body)
 *   await req.session.login(user.id)
 *   res.redirect(303, returnPath(req.query.returnTo, '/account'))
 * })
 * ```
 */
export function returnPath(value: unknown, otherwise = '/'): string {
  return isOwnPath(value) ? value : otherwise
}

export function isOwnPath(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_CHARACTERS || !WRITTEN.test(value)) return false
  try {
    // Without `.` and `..`: `/./` before `/evil.example` makes it begin with two slashes.
    const { pathname } = new URL(value, 'http://localhost')
    return DECODED.test(decodeURIComponent(pathname))
  } catch {
    return false
  }
}

/** Returns the path without its query. */
export function withoutQuery(path: string): string {
  return path.split(/[?#]/, 1)[0] ?? ''
}
