import { networkOf } from '../_network.ts'

/** What kind of network an address belongs to. `relay`: many people of one region share it, as with iCloud Private Relay. */
export type NetworkKind = 'fixed' | 'mobile' | 'hosting' | 'vpn' | 'relay'

export const KINDS: readonly NetworkKind[] = ['fixed', 'mobile', 'hosting', 'vpn', 'relay']

/** Where an address is, as far as a look-up knows. Leave out what is not known. */
export interface Place {
  /** ISO 3166-1 alpha-2: `DE`. */
  readonly country?: string | undefined
  /** Degrees, from -90 to 90. */
  readonly latitude?: number | undefined
  /** Degrees, from -180 to 180. */
  readonly longitude?: number | undefined
  /** How far the real place may be from these coordinates, in km. Default 200. */
  readonly radiusKm?: number | undefined
  /** The number of the autonomous system that announces the address. */
  readonly asn?: number | undefined
  readonly kind?: NetworkKind | undefined
}

/** The network of a request. */
export interface Network {
  /** Equal for addresses that one client can have in turn: `AS3320`, `relay`, or without a look-up `v4 203.0.0.0` and `v6 2001:db8`. */
  readonly key: string
  readonly kind: NetworkKind | null
  readonly country: string | null
  /** Degrees; `null` if not known. */
  readonly latitude: number | null
  readonly longitude: number | null
  readonly radiusKm: number
}

const UNKNOWN_RADIUS_KM = 200
/** RIPE, ARIN and LACNIC allocate blocks of about this size to providers, and their customers move within them. */
const PROVIDER_V4_BITS = 16
const PROVIDER_V6_BITS = 32

/** `null` if the address is not known, so nothing can be said. */
export function toNetwork(peer: string | null, place: Place | null): Network | null {
  const prefix = networkOf(peer, PROVIDER_V4_BITS, PROVIDER_V6_BITS)
  if (prefix === 'unknown') return null
  const { country, latitude, longitude, radiusKm, asn, kind: stated } = place ?? {}
  const kind = KINDS.find((one) => one === stated) ?? kindOf(asn)
  const isPlaced = isNumber(latitude, 90) && isNumber(longitude, 180)
  return {
    key: kind === 'relay' ? `relay ${countryOf(country) ?? ''}`.trim() : isAsn(asn) ? `AS${asn}` : toPrefixKey(prefix),
    kind: kind ?? null,
    country: countryOf(country),
    latitude: isPlaced ? round(latitude) : null,
    longitude: isPlaced ? round(longitude) : null,
    radiusKm: isNumber(radiusKm, 20_000) && radiusKm >= 0 ? Math.ceil(radiusKm) + 0 : UNKNOWN_RADIUS_KM,
  }
}

/** Without a look-up, a client's IPv4 and IPv6 addresses cannot be matched, so their keys name the family. */
function toPrefixKey(prefix: string): string {
  return `${prefix.includes(':') ? 'v6' : 'v4'} ${prefix.slice(0, prefix.indexOf('/'))}`
}

function isNumber(value: unknown, most: number): value is number {
  return typeof value === 'number' && Math.abs(value) <= most
}

function isAsn(asn: unknown): asn is number {
  return Number.isInteger(asn) && Number(asn) > 0 && Number(asn) < 2 ** 32
}

function countryOf(country: unknown): string | null {
  return typeof country === 'string' && /^[A-Z]{2}$/.test(country) ? country : null
}

/** About 10 km, which is more exact than the data. */
function round(degrees: number): number {
  return Math.round(degrees * 10) / 10 + 0
}

/** Akamai, Cloudflare and Fastly (iCloud Private Relay, WARP), and Zscaler (proxies of companies): whole regions share addresses. */
const RELAYS: ReadonlySet<number> = new Set([36183, 13335, 54113, 53813, 22616, 62044])
/**
 * The largest providers of rented servers: Amazon, Google Cloud, Microsoft, OVH, Hetzner, DigitalOcean, Akamai (Linode), Vultr,
 * Contabo, Oracle, Alibaba, Tencent, Leaseweb, M247, Datacamp, Scaleway, IONOS, Hostinger.
 */
const HOSTING: ReadonlySet<number> = new Set([
  16509, 14618, 396982, 8075, 16276, 24940, 213230, 14061, 63949, 20473, 51167, 31898, 45102, 132203, 60781, 9009,
  60068, 212238, 12876, 8560, 47583,
])

function kindOf(asn: number | undefined): NetworkKind | undefined {
  if (asn === undefined) return undefined
  return RELAYS.has(asn) ? 'relay' : HOSTING.has(asn) ? 'hosting' : undefined
}

const EARTH_KM = 6371

/** How far two networks are at least apart, in km. `null` if one of them has no coordinates. */
export function kmBetween(a: Network, b: Network): number | null {
  if (a.latitude === null || a.longitude === null || b.latitude === null || b.longitude === null) return null
  const [lat, otherLat, byLat, byLong] = [
    a.latitude,
    b.latitude,
    b.latitude - a.latitude,
    b.longitude - a.longitude,
  ].map((degrees) => (degrees * Math.PI) / 180) as [number, number, number, number]
  const h = Math.sin(byLat / 2) ** 2 + Math.cos(lat) * Math.cos(otherLat) * Math.sin(byLong / 2) ** 2
  return Math.max(0, 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h))) - a.radiusKm - b.radiusKm)
}
