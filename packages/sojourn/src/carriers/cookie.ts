import type { Carrier, RequestView } from '../core/contracts/carrier.ts'
import { isProduction } from '../core/lib/environment.ts'
import { isLocalDevelopment } from './connection.ts'
import { createNeighbors } from './cookie-neighbors.ts'
import { type CookieForm, type CookieOptions, toCookieForm, toUnprefixed } from './cookie-options.ts'
import { scanCookies } from './cookie-scan.ts'
import { strayForms } from './cookie-strays.ts'
import { createWarnings } from './cookie-warnings.ts'
import { deleteCookie, setCookie } from './set-cookie.ts'

export type { CookieOptions, HostCookie, HttpCookie, SecureCookie, UnprefixedCookie } from './cookie-options.ts'

/**
 * Carries the token in a cookie (RFC 6265bis). By default the cookie is `__Host-session` with `Path=/`, `Secure`, `HttpOnly` and
 * `SameSite=Lax`.
 *
 * On plain `http://localhost` (`*.localhost`, `127.0.0.0/8`, `[::1]`) the cookie has no prefix, `Secure`, `Domain` or
 * `Partitioned`, because Safari does not keep `Secure` cookies there. This applies only while `NODE_ENV` is not `production`, and
 * only to requests without any sign of a proxy.
 *
 * @throws `ERR_OPTION` if browsers would drop such a cookie, or if the name, path or domain is not valid.
 */
export function cookieCarrier(options: CookieOptions = {}): Carrier {
  const real = toSide(toCookieForm(options))
  const local = isProduction() ? null : toSide(toLocalForm(real.form))
  const { warn = (message: string): void => console.warn(message) } = options
  const warnOf = createWarnings(real.form, warn)
  const sideFor = (view: RequestView): Side => (local !== null && isLocalDevelopment(view) ? local : real)
  const neighbors = local === null ? null : createNeighbors((view) => sideFor(view).form.name, warn)

  return {
    name: 'cookie',
    ambient: true,
    place: `cookie ${real.form.name}`,
    vary: 'Cookie',
    ...(neighbors !== null && { foreign: neighbors.foreign }),
    read: (view) => scanCookies(view.header('cookie') ?? '', sideFor(view).needle),
    write(view, token, { maxAgeSeconds }) {
      const { form } = sideFor(view)
      warnOf(form, view)
      neighbors?.own(view)
      return [setCookie(form, token, maxAgeSeconds)]
    },
    clear: (view) => [deleteCookie(sideFor(view).form)],
    clearStrays: (view) => strayForms(sideFor(view).form, view).map(deleteCookie),
  }
}

interface Side {
  readonly form: CookieForm
  /** The text before its value in a `Cookie` header: the name and `=`. */
  readonly needle: string
}

function toSide(form: CookieForm): Side {
  return { form, needle: `${form.name}=` }
}

function toLocalForm(form: CookieForm): CookieForm {
  return {
    ...form,
    name: toUnprefixed(form.name),
    domain: null,
    secure: false,
    sameSite: form.sameSite === 'none' ? 'lax' : form.sameSite,
    partitioned: false,
  }
}
