import type { Carrier, RequestView } from 'sojourn'

const BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
/** Every character that has a meaning somewhere. */
export const PIECES: readonly string[] = [
  '=',
  ';',
  ';;',
  ',',
  '"',
  '\\',
  ' ',
  '\t',
  '\r\n',
  '\0',
  '%',
  '%00',
  '%zz',
  '\u00e4',
  '\ufeff',
  '\ud800',
  '{"a":1}',
  '__proto__',
  BYTES,
]

/** The headers that the carrier declares to read. */
export function namesOf(carrier: Carrier): readonly string[] {
  const names = carrier.vary.split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => name !== '')
}

/** A copy that can be changed. A view may be an instance of a class, whose members a spread would miss. */
export function copyOf(view: RequestView): RequestView {
  const { method, url, secure, peer } = view
  return { method, url, secure, peer, header: (name) => view.header(name) }
}

/** The request with other values of these headers. */
export function replaced(
  view: RequestView,
  headers: Readonly<Record<string, string>>,
  url: string = view.url,
): RequestView {
  return {
    ...copyOf(view),
    url,
    header: (name) => (Object.hasOwn(headers, name) ? (headers[name] ?? null) : view.header(name)),
  }
}

/** A valid header, cut, doubled and mixed with every character that has a meaning somewhere. */
export function hostileTexts(honest: string): readonly string[] {
  const cuts = [0, 1, honest.length >> 1, honest.length].map((at) => [honest.slice(0, at), honest.slice(at)] as const)
  const mixed = PIECES.flatMap((piece) => cuts.map(([before, after]) => `${before}${piece}${after}`))
  return [
    ...mixed,
    ...PIECES,
    honest + honest,
    honest.toUpperCase(),
    honest.toLowerCase(),
    `${honest};${BYTES};${honest}`,
  ]
}

/** The request with one character of a header changed, at places all over it. */
export function tampered(view: RequestView, carrier: Carrier): readonly RequestView[] {
  return carrier.vary
    .toLowerCase()
    .split(/, ?/)
    .flatMap((header) => {
      const text = view.header(header) ?? ''
      // The first characters may be a name, and the last one may have bits that mean nothing.
      const from = text.indexOf('=') + 1
      const places = Array.from({ length: 20 }, (_, i) => from + Math.floor(((text.length - from - 2) * i) / 20))
      return places.map((at) => {
        const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
        return replaced(view, { [header]: changed })
      })
    })
}

const CACHING = /^(?:vary|expires|edge-control|surrogate-control|x-accel-expires|.*cache-control)$/

/** Whether core itself adds this header, for caches. */
export function isCaching(name: string): boolean {
  return CACHING.test(name)
}
