import { SessionError } from '../../core/contracts/errors.ts'
import type { NetworkKind, Place } from './_place.ts'

/** What `mmdbPlaces` uses of a reader: `Reader` of `mmdb-lib`, or what `open` of `maxmind` returns. */
export interface MmdbReader {
  /** Returns the entry of an address, or `null`. */
  get(address: string): unknown
}

/**
 * Returns a look-up over MMDB files, for the option `locate`. Pass several readers to combine files, for example one of cities
 * and one of networks (ASN): of each field, the first one that is found counts. It reads the fields of MaxMind, DB-IP, IPinfo and
 * `@ip-location-db`.
 *
 * ```ts
 * const locate = mmdbPlaces(new Reader(await readFile('city.mmdb')), new Reader(await readFile('asn.mmdb')))
 * ```
 *
 * @throws `ERR_OPTION` without a reader.
 */
export function mmdbPlaces(...readers: readonly MmdbReader[]): (address: string) => Place | null {
  if (readers.length === 0 || readers.some((reader) => typeof reader?.get !== 'function')) {
    throw new SessionError('ERR_OPTION', 'mmdbPlaces needs readers of MMDB files, such as Reader of mmdb-lib.')
  }
  return (address) => {
    const found = readers.map((reader) => reader.get(address)).filter(isObject)
    return found.length === 0 ? null : toPlace(found)
  }
}

type Entry = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null
}

function toPlace(entries: readonly Entry[]): Place {
  const text = (...paths: readonly string[]): string | undefined => pick(entries, paths, 'string')
  const number = (...paths: readonly string[]): number | undefined => toNumber(pickAny(entries, paths))
  return {
    country: text('country.iso_code', 'country_code', 'country', 'registered_country.iso_code')?.toUpperCase(),
    latitude: number('location.latitude', 'latitude', 'lat'),
    longitude: number('location.longitude', 'longitude', 'lng'),
    radiusKm: number('location.accuracy_radius'),
    asn: number('autonomous_system_number', 'traits.autonomous_system_number', 'asn'),
    kind: kindIn(entries),
  }
}

const FLAGS: readonly (readonly [kind: NetworkKind, paths: readonly string[]])[] = [
  ['vpn', ['is_anonymous_vpn', 'is_tor_exit_node', 'is_public_proxy', 'vpn', 'tor']],
  ['hosting', ['is_hosting_provider', 'hosting']],
  ['relay', ['relay']],
]
const CONNECTIONS: Readonly<Record<string, NetworkKind>> = {
  cellular: 'mobile',
  'cable/dsl': 'fixed',
  corporate: 'fixed',
  isp: 'fixed',
  hosting: 'hosting',
}

function kindIn(entries: readonly Entry[]): NetworkKind | undefined {
  const flagged = FLAGS.find(([, paths]) =>
    [true, 'true'].includes(pickAny(entries, paths.flatMap(alsoInTraits)) as boolean),
  )
  if (flagged !== undefined) return flagged[0]
  const connection = pick(entries, ['connection_type', 'traits.connection_type', 'type'], 'string') ?? ''
  return Object.hasOwn(CONNECTIONS, connection.toLowerCase()) ? CONNECTIONS[connection.toLowerCase()] : undefined
}

function alsoInTraits(path: string): string[] {
  return [path, `traits.${path}`]
}

function pickAny(entries: readonly Entry[], paths: readonly string[]): unknown {
  for (const entry of entries) {
    for (const path of paths) {
      const value = at(entry, path)
      if (value !== undefined && value !== null && value !== false && value !== '') return value
    }
  }
  return undefined
}

function pick(entries: readonly Entry[], paths: readonly string[], type: 'string'): string | undefined {
  for (const entry of entries) {
    const found = paths.map((path) => at(entry, path)).find((value) => typeof value === type && value !== '')
    if (found !== undefined) return found as string
  }
  return undefined
}

function at(entry: Entry, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), entry)
}

/** IPinfo writes `AS3320`, and some files write numbers as texts. */
function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value.replace(/^AS/, '')) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
