import type { RequestView } from '../core/contracts/carrier.ts'

/** Returns what the body has under a name, if a parser read it before the sessions were opened. */
export function fieldsOf({ body }: RequestView, name: string): readonly string[] {
  if (body instanceof URLSearchParams || body instanceof FormData) return body.getAll(name).map(toText)
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return []
  const value: unknown = Reflect.get(body, name)
  return (Array.isArray(value) ? value.slice(0, MOST) : [value]).map(toText)
}

/** More than a carrier reads, so that it reports an overflow. */
const MOST = 64

/** Something that is not a text is no token, but the client presents it. */
function toText(value: unknown): string {
  return typeof value === 'string' ? value : '?'
}
