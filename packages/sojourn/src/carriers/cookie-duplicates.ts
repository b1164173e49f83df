import type { RequestView } from '../core/contracts/carrier.ts'
import { hostnameOf } from '../core/lib/view.ts'
import { type CookieForm, isCookieDomain, isCookiePath } from './cookie-options.ts'

/** Each form adds a header of about 120 bytes to the response. */
const MAX_DUPLICATES = 12
const MAX_PATHS = 6
const MAX_DOMAINS = 4
const MAX_PATH_CHARACTERS = 128

/**
 * Returns the other forms in which a cookie of the same name can have come with this request: with another path, domain or
 * partition, left by an earlier configuration or planted by a sibling domain. Those with the fewest differences come first. The
 * number is limited so that a hostile URL cannot inflate the response.
 */
export function duplicateForms(form: CookieForm, view: RequestView): readonly CookieForm[] {
  // Browsers do not keep a __Host- cookie with another path or domain.
  const hostOnly = form.name.startsWith('__Host-')
  const domains = hostOnly ? [form.domain] : withFirst(form.domain, [null, ...domainsOf(hostnameOf(view))])
  const paths = hostOnly ? [form.path] : withFirst(form.path, pathsAlong(view.url))
  const partitions = form.secure ? [form.partitioned, !form.partitioned] : [false]
  const forms = partitions.flatMap((partitioned) =>
    domains.flatMap((domain) => paths.map((path) => ({ ...form, partitioned, domain, path }))),
  )
  const distance = ({ partitioned, domain, path }: CookieForm): number =>
    [partitioned !== form.partitioned, domain !== form.domain, path !== form.path].filter(Boolean).length
  // The first one is the form itself.
  return forms
    .slice(1)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, MAX_DUPLICATES)
}

function withFirst<T>(first: T, others: readonly T[]): readonly T[] {
  return [...new Set([first, ...others])]
}

/** The `Domain` attributes that this host may use: `a.b.example` returns itself and `b.example`. */
function domainsOf(hostname: string): readonly string[] {
  if (!isCookieDomain(hostname)) return []
  const labels = hostname.split('.')
  return labels
    .slice(1)
    .map((_, index) => labels.slice(index).join('.'))
    .slice(-MAX_DOMAINS)
}

/** The paths whose cookies come with this request (RFC 6265bis, section 5.1.4): `/a/b?c` returns `/`, `/a`, `/a/`, `/a/b`. */
function pathsAlong(url: string): readonly string[] {
  // One character more than the limit, so that a segment that is cut off here is recognized as too long.
  const [path = ''] = url.slice(0, MAX_PATH_CHARACTERS + 1).split(/[?#]/, 1)
  const steps = [...path.matchAll(/\/|[^/]+/g)].slice(0, MAX_PATHS)
  return steps
    .map(({ 0: step, index }) => path.slice(0, index + step.length))
    .filter((prefix) => prefix.length <= MAX_PATH_CHARACTERS && isCookiePath(prefix))
}
