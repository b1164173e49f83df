import { byteWindows, type NumberSeries, wholeNumbers } from '../numbers.ts'
import { clockOf, followsClock, isNear, lettersClock } from './clock.ts'
import type { Clock, Structure } from './structure.ts'

// Formulas, constants and sources: docs/audit/statistics.md#clocks-and-counters

/** Fewer tokens reveal nothing. */
const FEWEST = 5
/** More tokens reveal nothing more. */
const MOST = 200

/** Finds every structure that all of the tokens have. */
export function findStructures(tokens: readonly string[], clock: Clock): Structure[] {
  if (tokens.length < FEWEST) return []
  const values = tokens.slice(0, MOST)
  const found = FORMATS.flatMap((format) => format(values, clock) ?? [])
  if (found.length > 0) return found
  const whole = wholeNumbers(values).flatMap(
    (series) => clockOf(series, clock) ?? snowflake(series, clock) ?? counter(series) ?? [],
  )
  if (whole.length > 0) return whole.slice(0, 1)
  const ofBytes = [...byteWindows(values)].flatMap((series) => clockOf(series, clock) ?? [])
  return narrowest([...lettersClock(values, clock), ...ofBytes])
}

/** Random numbers rise this many times in a row once in 40 million times. */
const RISES = 10

function counter({ how, from, to, values }: NumberSeries): Structure | null {
  const steps = values.slice(1).map((value, i) => value - (values[i] ?? 0n))
  const sorted = [...steps].sort((a, b) => (a < b ? -1 : 1))
  const most = sorted.at(-1) ?? 0n
  // All tokens rise, and by little compared with their range.
  const isEven = steps.every((step) => step === steps[0])
  const isCounter = (sorted[0] ?? 0n) > 0n && (isEven || (steps.length >= RISES && most < 10_000n))
  if (!isCounter) return null
  return { id: 'counter', text: `the token is a counter (${how}), in steps of at most ${most}`, from, to }
}

/** A clock of four bytes also appears in windows that begin earlier; the smallest window shows where it is. */
function narrowest(found: readonly Structure[]): Structure[] {
  const smallest = found.reduce<Structure | null>(
    (best, one) => (best === null || one.to - one.from < best.to - best.from ? one : best),
    null,
  )
  return smallest === null ? [] : [smallest]
}

type Format = (values: readonly string[], clock: Clock) => Structure | null

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const areNear = (values: readonly string[], timeOf: (value: string) => number, clock: Clock): boolean =>
  values.every((value, i) => isNear(timeOf(value), i, clock))

const hexTime = (value: string): number => Number.parseInt(value.slice(0, 8), 16) * 1000

function snowflake({ from, to, values }: NumberSeries, clock: Clock): Structure | null {
  const epochs = { Twitter: 1_288_834_974_657, Discord: 1_420_070_400_000, Unix: 0 }
  for (const [name, epoch] of Object.entries(epochs)) {
    const times = values.map((value) => Number(value >> 22n) + epoch)
    if (!times.every((ms, i) => isNear(ms, i, clock))) continue
    const text = `a snowflake: 42 bits of milliseconds (epoch of ${name}), a machine and a counter`
    return { id: 'snowflake', text, from, to }
  }
  return null
}

const uuid: Format = (values, clock) => {
  const hex = values.map(
    (value) =>
      /^[0-9a-f]{8}-?[0-9a-f]{4}-?[1-8][0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i
        .exec(value)?.[0]
        .replaceAll('-', '') ?? '',
  )
  const version = hex[0]?.charAt(12)
  if (hex.some((one) => one === '' || one.charAt(12) !== version)) return null
  const gregorian = (time: string) => Number(BigInt(`0x${time}`) / 10_000n) - 12_219_292_800_000
  const times: Readonly<Record<string, (one: string) => number>> = {
    1: (one) => gregorian(one.slice(13, 16) + one.slice(8, 12) + one.slice(0, 8)),
    6: (one) => gregorian(one.slice(0, 12) + one.slice(13, 16)),
    7: (one) => Number.parseInt(one.slice(0, 12), 16),
  }
  const toMs = times[version ?? '']
  if (toMs === undefined || !areNear(hex, toMs, clock)) return null
  const text =
    version === '7'
      ? 'UUIDs of version 7: 48 of their bits are the time in milliseconds'
      : `UUIDs of version ${version}: time, a counter and the machine, and nothing secret`
  const length = (values[0] ?? '').length
  return { id: 'uuid', text, from: 0, to: version !== '7' ? length : length === 36 ? 13 : 12 }
}

const objectId: Format = (values, clock) => {
  const isOne = values.every((value) => /^[0-9a-f]{24}$/.test(value)) && areNear(values, hexTime, clock)
  const processes = new Set(values.map((value) => value.slice(8, 18)))
  if (!isOne || processes.size > values.length / 2) return null
  const text = 'MongoDB object ids: seconds, a process and a counter, and nothing secret'
  return { id: 'object id', text, from: 0, to: 24 }
}

const xid: Format = (values, clock) => {
  const isOne = values.every((value) => /^[0-9a-v]{20}$/.test(value))
  const timeOf = (value: string) =>
    Number([...value.slice(0, 7)].reduce((sum, letter) => sum * 32n + BigInt(Number.parseInt(letter, 32)), 0n) >> 3n)
  // A time of 32 bits ends within the seventh letter; machine and process are the nine letters after it.
  const processes = new Set(values.map((value) => value.slice(7, 14)))
  if (!isOne || processes.size > values.length / 2 || !areNear(values, (value) => timeOf(value) * 1000, clock))
    return null
  return { id: 'xid', text: 'Xids: seconds, a machine, a process and a counter, and nothing secret', from: 0, to: 20 }
}

const ulid: Format = (values, clock) => {
  const timeOf = (value: string) =>
    [...value.slice(0, 10).toUpperCase()].reduce((sum, letter) => sum * 32 + CROCKFORD.indexOf(letter), 0)
  const isOne = values.every((value) => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i.test(value))
  if (!isOne || !areNear(values, timeOf, clock)) return null
  return { id: 'ulid', text: 'ULIDs: the first ten letters are the time in milliseconds', from: 0, to: 10 }
}

const ksuid: Format = (values, clock) => {
  if (!values.every((value) => /^[0-9A-Za-z]{27}$/.test(value))) return null
  const times = values.map((value) => {
    const bits = [...value].reduce((sum, letter) => sum * 62n + BigInt(BASE62.indexOf(letter)), 0n)
    return (Number(bits >> 128n) + 1_400_000_000) * 1000
  })
  if (!followsClock(times, clock)) return null
  return { id: 'ksuid', text: 'KSUIDs: the first 32 of their 160 bits are the time in seconds', from: 0, to: 6 }
}

const uniqid: Format = (values, clock) => {
  const isOne = values.every((value) => /^[0-9a-f]{13}(\.\d{8})?$/.test(value))
  if (!isOne || !areNear(values, hexTime, clock)) return null
  return { id: 'uniqid', text: 'uniqid() of PHP: the time in microseconds, in hex', from: 0, to: 13 }
}

/** Ids whose format shows what they contain. */
export const FORMATS: readonly Format[] = [uuid, objectId, xid, ulid, ksuid, uniqid]
