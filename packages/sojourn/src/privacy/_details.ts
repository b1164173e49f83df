import type { Device, Head } from '../core/contracts/record.ts'
import { addressOf } from '../guards/device.ts'
import type { AddressHash } from './_address-hash.ts'

/** From which age, in ms since the login, something is done with the device of a session. */
export type Ages = Readonly<Record<'shortenAddress' | 'hashAddress' | 'dropAddress' | 'dropName', number>>

/** The head with what may still be kept at this age, or the same head if that is everything. */
export function withoutOldDetails(head: Head, ageMs: number, ages: Ages, hash: AddressHash): Head {
  if (head.device === undefined) return head
  const { device, ...rest } = head
  const name = ageMs >= ages.dropName ? null : device.name
  const ip = device.ip === null ? null : toKept(device.ip, ageMs, ages, hash)
  if (name === device.name && ip === device.ip) return head
  return name === null && ip === null ? rest : { ...rest, device: { name, ip } satisfies Device }
}

/** A hash begins with `#`, and a network ends with its bits. Neither becomes an address again. */
function toKept(ip: string, ageMs: number, ages: Ages, hash: AddressHash): string | null {
  if (ageMs >= ages.dropAddress) return null
  if (ip.startsWith('#')) return ip
  if (ageMs >= ages.hashAddress) return hash(ip)
  return ageMs >= ages.shortenAddress && !ip.includes('/') ? addressOf(ip, true) : ip
}
