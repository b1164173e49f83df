import type { NetworkKind, Place } from 'sojourn/guards/anomaly'
import type { Random } from './random.ts'

/** A part of the simulated Internet: a provider in a city, with the addresses that it hands out there. */
export interface Access {
  readonly city: City
  readonly asn: number
  readonly kind: NetworkKind
  /** The first two numbers of its IPv4 addresses; a mobile provider has several pools. */
  readonly pools: readonly string[]
  /** The first two groups of its IPv6 addresses; `null` without IPv6. */
  readonly v6: string | null
}

export interface City {
  readonly name: string
  readonly country: string
  readonly latitude: number
  readonly longitude: number
}

const city = (name: string, country: string, latitude: number, longitude: number): City => ({
  name,
  country,
  latitude,
  longitude,
})

export const CITIES: readonly City[] = [
  city('Berlin', 'DE', 52.5, 13.4),
  city('Munich', 'DE', 48.1, 11.6),
  city('Hamburg', 'DE', 53.6, 10),
  city('Paris', 'FR', 48.9, 2.4),
  city('Lyon', 'FR', 45.8, 4.8),
  city('London', 'GB', 51.5, -0.1),
  city('Manchester', 'GB', 53.5, -2.2),
  city('Madrid', 'ES', 40.4, -3.7),
  city('New York', 'US', 40.7, -74),
  city('Chicago', 'US', 41.9, -87.6),
  city('San Francisco', 'US', 37.8, -122.4),
  city('Dallas', 'US', 32.8, -96.8),
  city('Sao Paulo', 'BR', -23.5, -46.6),
  city('Recife', 'BR', -8, -34.9),
  city('Lagos', 'NG', 6.5, 3.4),
  city('Delhi', 'IN', 28.6, 77.2),
  city('Mumbai', 'IN', 19.1, 72.9),
  city('Tokyo', 'JP', 35.7, 139.7),
  city('Osaka', 'JP', 34.7, 135.5),
  city('Sydney', 'AU', -33.9, 151.2),
]

/** Of a provider of rented servers, by its real number, so that the guard's own list is used. */
const HOSTS: readonly number[] = [16509, 14061, 24940, 16276, 9009, 212238]
/** A part of them is in no list. */
const SMALL_HOSTS: readonly number[] = [64900, 64901, 64902]
const RELAY_ASNS: readonly number[] = [36183, 13335, 54113]

/** Everything by its first two numbers or groups, for the look-up. */
const byPrefix = new Map<string, Access>()
let block = 0

function nextBlock(): string {
  block += 1
  return `${11 + Math.floor(block / 250)}.${block % 250}`
}

function add(city: City, asn: number, kind: NetworkKind, pools: number, hasV6: boolean): Access {
  const prefixes = Array.from({ length: pools }, nextBlock)
  const v6 = hasV6 ? `2a${(16 + (block >> 8)).toString(16)}:${(block & 0xff).toString(16)}` : null
  const access: Access = { city, asn, kind, pools: prefixes, v6 }
  for (const prefix of prefixes) byPrefix.set(prefix, access)
  if (v6 !== null) byPrefix.set(v6, access)
  return access
}

const countries = [...new Set(CITIES.map(({ country }) => country))]
const fixed = CITIES.flatMap((place) =>
  [0, 1, 2].map((i) => add(place, 65000 + countries.indexOf(place.country) * 10 + i, 'fixed', 1, i < 2)),
)
/** Mobile providers send a country's traffic through few places. */
const mobile = CITIES.filter((place, i) => CITIES.findIndex(({ country }) => country === place.country) === i).flatMap(
  (place) => [0, 1].map((i) => add(place, 65200 + countries.indexOf(place.country) * 10 + i, 'mobile', 3, i === 0)),
)
const offices = CITIES.map((place, i) => add(place, 65400 + i, 'fixed', 2, false))
const hosts = CITIES.filter((_, i) => i % 2 === 0).flatMap((place) =>
  [...HOSTS, ...SMALL_HOSTS].map((asn) => add(place, asn, 'hosting', 1, false)),
)
const vpns = CITIES.map((place, i) => add(place, i % 2 === 0 ? 212238 : 65500 + i, 'vpn', 1, false))
const relays = CITIES.flatMap((place) => RELAY_ASNS.map((asn) => add(place, asn, 'relay', 1, true)))

const inCity = (all: readonly Access[], { name }: City): readonly Access[] =>
  all.filter(({ city }) => city.name === name)
const inCountry = (all: readonly Access[], { country }: City): readonly Access[] =>
  all.filter(({ city }) => city.country === country)

export const internet = {
  home: (random: Random, place: City): Access => random.one(inCity(fixed, place)),
  mobile: (random: Random, place: City): Access => random.one(inCountry(mobile, place)),
  office: (random: Random, place: City): Access => random.one(inCity(offices, place)),
  host: (random: Random): Access => random.one(hosts),
  vpn: (random: Random, place: City, isAbroad: boolean): Access =>
    random.one(isAbroad ? vpns.filter(({ city }) => city.country !== place.country) : inCountry(vpns, place)),
  relay: (random: Random, place: City): Access => random.one(inCity(relays, place)),
  residential: (random: Random, place: City): Access => random.one(inCountry(fixed, place)),
  abroad: (random: Random, place: City): City => random.one(CITIES.filter(({ country }) => country !== place.country)),
}

/** An address of the access; the same `host` gets the same one. */
export function addressOf({ pools, v6 }: Access, random: Random, host: number, isV6: boolean): string {
  if (isV6 && v6 !== null) {
    // A household has a /56, and each device changes the last half of its address (RFC 8981).
    const household = ((host % 0xffff) + 1).toString(16)
    return `${v6}:${household}:100:${random.int(1, 0xffff).toString(16)}:${random.int(1, 0xffff).toString(16)}:0:${random.int(1, 0xffff).toString(16)}`
  }
  return `${pools[host % pools.length]}.${(host >> 3) % 250}.${(host % 250) + 1}`
}

/** What a look-up knows: nothing, the files that are free (country and ASN), or those of a good provider (city and kind too). */
export type Knowledge = 'none' | 'free' | 'full'

/**
 * Coordinates are wrong by 10 km in the middle for fixed and 190 km for mobile networks (arXiv 2605.21937), and one VPN of five is
 * not known as one.
 */
export function locateWith(knowledge: Exclude<Knowledge, 'none'>): (address: string) => Place | null {
  return (address) => {
    const access = byPrefix.get(address.split(/[.:]/, 2).join(address.includes(':') ? ':' : '.'))
    if (access === undefined) return null
    const { city: at, asn, kind } = access
    if (knowledge === 'free') return { country: at.country, asn }
    const noise = (Number.parseInt(address.replace(/\D/g, '').slice(0, 6), 10) % 100) / 100
    const km = (kind === 'mobile' ? 190 : 10) * 2 * noise
    const known = kind === 'vpn' && noise < 0.2 ? 'hosting' : kind
    return {
      country: at.country,
      asn,
      latitude: at.latitude + km / 111,
      longitude: at.longitude,
      radiusKm: kind === 'mobile' ? 200 : 50,
      ...(SMALL_HOSTS.includes(asn) && noise < 0.5 ? {} : { kind: known }),
    }
  }
}
