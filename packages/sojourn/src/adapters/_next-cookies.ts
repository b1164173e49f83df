import { cookies } from 'next/headers.js'
import type { HeaderChange } from '../core/contracts/carrier.ts'

type CookieOptions = NonNullable<Parameters<Awaited<ReturnType<typeof cookies>>['set']>[2]>

/**
 * Sends what a server action, or a redirect that was thrown, has to give the client. Next lets them set cookies and no other
 * header, and one cookie of each name. Resolves with whether there was a cookie.
 */
export async function sendCookies(changes: readonly HeaderChange[]): Promise<boolean> {
  const lines = changes.filter(({ name }) => name.toLowerCase() === 'set-cookie')
  if (lines.length > 0) {
    const jar = await cookies()
    for (const { value } of lines) jar.set(...toCookie(value))
  }
  for (const { name, value } of changes) if (value !== '' && !SENT.includes(name.toLowerCase())) warnOnce(name)
  return lines.length > 0
}

/** The caching of such responses is Next's own: no cache may keep them. */
const SENT: readonly string[] = ['set-cookie', 'cache-control', 'vary']

const warned = new Set<string>()

function warnOnce(name: string): void {
  if (warned.has(name)) return
  warned.add(name)
  console.warn(
    `sojourn: ${name} was not sent, because Next.js lets a server action set cookies only. Do this in a route handler.`,
  )
}

/** `Set-Cookie` as core's carriers write it, in the form that Next takes. */
export function toCookie(line: string): [name: string, value: string, options: CookieOptions] {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  const options: CookieOptions = {}
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.split('=', 2)
    const key = name.toLowerCase()
    if (key === 'max-age') options.maxAge = Number(value)
    else if (key === 'expires') options.expires = new Date(value)
    else if (key === 'samesite') options.sameSite = value.toLowerCase() as 'lax' | 'strict' | 'none'
    else if (key === 'httponly') options.httpOnly = true
    else if (key === 'secure' || key === 'partitioned') options[key] = true
    else if (key === 'path' || key === 'domain') options[key] = value
  }
  // Next encodes the value again.
  return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1)), options]
}
