import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import type { DescribeDevice } from '../core/contracts/options.ts'

export interface DeviceOptions {
  /** `'short'` (default) keeps the network: /24 of IPv4, /48 of IPv6. `'full'` keeps the address. `'none'` keeps nothing. */
  readonly ip?: 'short' | 'full' | 'none'
}

/**
 * Describes a client by name and network for the user's list of devices: `Firefox on Linux`, `203.0.113.0/24`. The name consists
 * of our own words, so it is safe to display. It is `null` if the `User-Agent` contains none of them.
 */
export function describeDevice(options: DeviceOptions = {}): DescribeDevice {
  checkOptions(options, { ip: ['short', 'full', 'none'] }, 'describeDevice')
  const { ip = 'short' } = options
  return (view) => {
    const device = { name: nameOf(view), ip: ip === 'none' ? null : addressOf(view.peer ?? '', ip === 'short') }
    return device.name === null && device.ip === null ? null : device
  }
}

/**
 * What to look for, and the name to show if it differs. The first match counts: all browsers include `Safari`, most include
 * `Chrome`, and Android includes `Linux`.
 */
const PROGRAMS =
  'bot/=Bot,Bot/=Bot,crawler=Bot,spider=Bot,Edg=Edge,OPR/=Opera,SamsungBrowser=Samsung Internet,Brave,FxiOS=Firefox,Firefox,CriOS=Chrome,Chrome,Safari,curl,Wget,Postman'
const SYSTEMS = 'iPhone,iPad,Android,Windows,CrOS=ChromeOS,Macintosh=macOS,Linux'
/** Real `User-Agent` headers have about 200 characters. */
const MAX_CHARACTERS = 512

function nameOf(view: RequestView): string | null {
  const read = (name: string): string => (view.header(name) ?? '').slice(0, MAX_CHARACTERS)
  const text = read('sec-ch-ua') + read('user-agent')
  const program = find(PROGRAMS, text)
  const system = find(SYSTEMS, text)
  return program && system ? `${program} on ${system}` : program || system || null
}

function find(table: string, text: string): string | undefined {
  const [sign, name = sign] =
    table
      .split(',')
      .map((entry) => entry.split('='))
      .find(([sign = '']) => text.includes(sign)) ?? []
  return name
}

/** The network as `203.0.113.0/24` or `2001:db8:7::/48`, or the whole address. `null` if `peer` is not an address. */
export function addressOf(peer: string, short: boolean): string | null {
  const address = peer.replace(/^::ffff:(?=\d+\.)|%.*/gi, '')
  if (/^[\d.]{7,15}$/.test(address)) return ipv4(address, short)
  return /^[\da-f:.]{2,45}$/i.test(address) ? ipv6(address, short) : null
}

function ipv4(address: string, short: boolean): string | null {
  if (toHostname(address) !== address) return null
  return short ? address.replace(/\d+$/, '0/24') : address
}

function ipv6(address: string, short: boolean): string | null {
  const whole = toHostname(`[${address}]`)
  if (!short || whole === null) return whole
  // The groups before `::`, at most three. Addresses that begin with `::` are not routed.
  const network = whole.replace(/^((?:[\da-f]+:){0,3}).*/, '$1')
  return `${toHostname(`[${network || ':'}:]`)}/48`
}

/** `URL` accepts every spelling of an address and returns the canonical one. */
function toHostname(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname.replace(/[[\]]/g, '')
  } catch {
    return null
  }
}
