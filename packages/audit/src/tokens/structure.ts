import { type NumberSeries, wholeNumbers, windows } from './numbers.ts'

/** Something in the tokens that is no secret: a clock, a counter, a format that says what it holds. */
export interface Structure {
  readonly id: 'clock' | 'counter' | 'uuid' | 'object id' | 'ulid' | 'snowflake' | 'uniqid'
  readonly text: string
  /** The letters that tell nothing to whoever knows the time or the last token; `to` is exclusive. */
  readonly from: number
  readonly to: number
}

/** Times are sought a day around when the tokens were issued, else around now: wide enough for a file of yesterday. */
const SLACK_MS = 86_400_000

interface Unit {
  readonly name: string
  readonly toMs: (value: bigint) => number
}

const UNITS: readonly Unit[] = [
  { name: 'seconds', toMs: (value) => Number(value) * 1000 },
  { name: 'milliseconds', toMs: (value) => Number(value) },
  { name: 'microseconds', toMs: (value) => Number(value / 1000n) },
  { name: 'nanoseconds', toMs: (value) => Number(value / 1_000_000n) },
  { name: 'steps of 100 ns since 1601', toMs: (value) => Number(value / 10_000n) - 11_644_473_600_000 },
]

/** Clocks need this many tokens, or chance would find some window of some token in today. */
const FEWEST = 5
/** What is looked at; more shows nothing more. */
const MOST = 200

export interface Clock {
  readonly at: readonly number[] | undefined
  readonly now: number
}

/** Every structure that all of the tokens have. */
export function findStructures(tokens: readonly string[], clock: Clock): Structure[] {
  if (tokens.length < FEWEST) return []
  const values = tokens.slice(0, MOST)
  const isTime = (ms: number, i: number): boolean => Math.abs(ms - (clock.at?.[i] ?? clock.now)) < SLACK_MS
  const named = [uuid(values, isTime), objectId(values, isTime), ulid(values, isTime), uniqid(values, isTime)]
  const found = named.flatMap((one) => one ?? [])
  if (found.length > 0) return found
  const whole = wholeNumbers(values).flatMap(
    (series) => clockOf(series, isTime) ?? snowflake(series, isTime) ?? counter(series) ?? [],
  )
  if (whole.length > 0) return whole.slice(0, 1)
  const clocks = [...windows(values)].flatMap((series) => clockOf(series, isTime) ?? [])
  return narrowest(clocks)
}

type IsTime = (ms: number, i: number) => boolean

function clockOf({ how, from, to, values }: NumberSeries, isTime: IsTime): Structure | null {
  const unit = UNITS.find(({ toMs }) => values.every((value, i) => isTime(toMs(value), i)))
  if (unit === undefined) return null
  return { id: 'clock', text: `${how} from letter ${from + 1} on are the time in ${unit.name}`, from, to }
}

function counter({ how, from, to, values }: NumberSeries): Structure | null {
  const steps = values.slice(1).map((value, i) => value - (values[i] ?? 0n))
  const sorted = [...steps].sort((a, b) => (a < b ? -1 : 1))
  const most = sorted.at(-1) ?? 0n
  // All tokens rise, and by little against what they could be.
  const isCounter = (sorted[0] ?? 0n) > 0n && (most < 10_000n || steps.every((step) => step === steps[0]))
  if (!isCounter) return null
  return { id: 'counter', text: `the token is a counter (${how}), in steps of at most ${most}`, from, to }
}

function snowflake({ from, to, values }: NumberSeries, isTime: IsTime): Structure | null {
  const epochs = { Twitter: 1_288_834_974_657, Discord: 1_420_070_400_000, Unix: 0 }
  for (const [name, epoch] of Object.entries(epochs)) {
    if (values.every((value, i) => isTime(Number(value >> 22n) + epoch, i))) {
      return {
        id: 'snowflake',
        text: `a snowflake: 42 bits of milliseconds (epoch of ${name}), a machine and a counter`,
        from,
        to,
      }
    }
  }
  return null
}

function uuid(values: readonly string[], isTime: IsTime): Structure | null {
  const hex = values.map(
    (value) =>
      /^[0-9a-f]{8}-?[0-9a-f]{4}-?[1-8][0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i
        .exec(value)?.[0]
        .replaceAll('-', '') ?? '',
  )
  const version = hex[0]?.charAt(12)
  if (hex.some((one) => one === '' || one.charAt(12) !== version)) return null
  const dashed = (values[0] ?? '').length === 36
  const gregorian = (time: string) => Number(BigInt(`0x${time}`) / 10_000n) - 12_219_292_800_000
  const times: Readonly<Record<string, (one: string) => number>> = {
    1: (one) => gregorian(one.slice(13, 16) + one.slice(8, 12) + one.slice(0, 8)),
    6: (one) => gregorian(one.slice(0, 12) + one.slice(13, 16)),
    7: (one) => Number.parseInt(one.slice(0, 12), 16),
  }
  const toMs = times[version ?? '']
  if (toMs === undefined || !hex.every((one, i) => isTime(toMs(one), i))) return null
  const text =
    version === '7'
      ? 'UUIDs of version 7: 48 of their bits are the time in milliseconds'
      : `UUIDs of version ${version}: time, a counter and the machine, and nothing secret`
  const timeEnds = dashed ? 13 : 12
  return { id: 'uuid', text, from: 0, to: version === '7' ? timeEnds : (values[0] ?? '').length }
}

function objectId(values: readonly string[], isTime: IsTime): Structure | null {
  const isOne = values.every(
    (value, i) => /^[0-9a-f]{24}$/.test(value) && isTime(Number.parseInt(value.slice(0, 8), 16) * 1000, i),
  )
  const processes = new Set(values.map((value) => value.slice(8, 18)))
  if (!isOne || processes.size > values.length / 2) return null
  return {
    id: 'object id',
    text: 'MongoDB object ids: seconds, a process and a counter, and nothing secret',
    from: 0,
    to: 24,
  }
}

function ulid(values: readonly string[], isTime: IsTime): Structure | null {
  const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const timeOf = (value: string) =>
    [...value.slice(0, 10).toUpperCase()].reduce((sum, letter) => sum * 32 + letters.indexOf(letter), 0)
  if (!values.every((value, i) => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i.test(value) && isTime(timeOf(value), i))) return null
  return { id: 'ulid', text: 'ULIDs: the first ten letters are the time in milliseconds', from: 0, to: 10 }
}

function uniqid(values: readonly string[], isTime: IsTime): Structure | null {
  if (
    !values.every(
      (value, i) => /^[0-9a-f]{13}(\.\d{8})?$/.test(value) && isTime(Number.parseInt(value.slice(0, 8), 16) * 1000, i),
    )
  )
    return null
  return { id: 'uniqid', text: 'uniqid() of PHP: the time in microseconds, in hex', from: 0, to: 13 }
}

/** A clock of four bytes also shows in windows that begin earlier; the smallest says where it is. */
function narrowest(found: readonly Structure[]): Structure[] {
  const smallest = found.reduce<Structure | null>(
    (best, one) => (best === null || one.to - one.from < best.to - best.from ? one : best),
    null,
  )
  return smallest === null ? [] : [smallest]
}
