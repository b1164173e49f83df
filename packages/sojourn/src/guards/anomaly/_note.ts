import { type Client, isKnownProgram } from './_client.ts'
import { KINDS, type Network, type NetworkKind } from './_place.ts'

/** A network that this session was used from. */
export interface SeenNetwork extends Network {
  /** Without a look-up: the key of the same client's other address family. */
  readonly otherKey: string | null
  /** When the session was last seen there, before it moved. Minutes since the epoch. */
  readonly lastMin: number
}

/** What the guard remembers with a session. It describes what the holder of the last proof used, and what came after it. */
export interface Note {
  /** When that proof was given, ms since the epoch; 0 if there is none. */
  readonly proofMs: number
  /** The first is the client that gave the proof, with its newest version. The others were reported. */
  readonly clients: readonly Client[]
  /** The latest first. */
  readonly networks: readonly SeenNetwork[]
  /** Since when returns to a network are counted, in minutes since the epoch, and how many there were. */
  readonly sinceMin: number
  readonly returns: number
  /** The last `reusedAt` that was judged, ms since the epoch. */
  readonly reusedMs: number
}

/** Notes are short, so that the record stays small. */
export const MOST_CLIENTS = 3
export const MOST_NETWORKS = 4
const MOST_CHARACTERS = 1500
const VERSION = '1'

/** The first line repeats what most requests compare, so that they need not parse the rest. */
export function toNoteText(note: Note): string {
  const [client] = note.clients
  const [network] = note.networks
  const line = toFirstLine(client ?? NOBODY, network?.key ?? '', note.reusedMs, note.proofMs)
  return `${line}\n${JSON.stringify([
    note.clients.map(({ program, system, major }) => [program, system, major]),
    note.networks.map((one) => [
      one.key,
      one.otherKey,
      one.lastMin,
      one.kind,
      one.country,
      one.latitude,
      one.longitude,
      one.radiusKm,
    ]),
    note.sinceMin,
    note.returns,
    note.reusedMs,
  ])}`
}

const NOBODY: Client = { program: '?', system: '?', major: 0 }

/** Without a proof, it is the beginning of the line. */
export function toFirstLine(client: Client, network: string, reusedMs: number, proofMs: number | null): string {
  return `${VERSION}|${client.program}|${client.system}|${client.major}|${network}|${reusedMs}|${proofMs ?? ''}`
}

/**
 * The note without networks where the session was last seen before `beforeMs`, or the same text. The session is still on the first
 * one, whose own time is that of the arrival.
 */
export function withoutOldPlaces(text: string, lastSeenMs: number, beforeMs: number): string {
  const note = toNote(text)
  if (note === null) return text
  const networks = note.networks.filter(
    ({ lastMin }, index) => (index === 0 ? Math.max(lastSeenMs, lastMin * 60_000) : lastMin * 60_000) >= beforeMs,
  )
  return networks.length === note.networks.length ? text : toNoteText({ ...note, networks })
}

/** Returns what a note says, or `null` for a text that this version did not write. */
export function toNote(text: string | null): Note | null {
  if (text === null || text.length > MOST_CHARACTERS || !text.startsWith(`${VERSION}|`)) return null
  const end = text.indexOf('\n')
  const proofMs = Number(text.slice(text.lastIndexOf('|', end) + 1, end))
  try {
    const [clients, networks, sinceMin, returns, reusedMs] = JSON.parse(text.slice(end + 1)) as unknown[]
    if (![proofMs, sinceMin, returns, reusedMs].every(isCount)) return null
    if (!isList(clients, 1, MOST_CLIENTS) || !isList(networks, 0, MOST_NETWORKS)) return null
    return {
      proofMs,
      clients: clients.map(toClient),
      networks: networks.map(toSeenNetwork),
      sinceMin: sinceMin as number,
      returns: returns as number,
      reusedMs: reusedMs as number,
    }
  } catch {
    return null
  }
}

function toClient(value: unknown): Client {
  const [program, system, major] = value as unknown[]
  if (typeof program !== 'string' || !isKnownProgram(program)) throw new TypeError('program')
  if (typeof system !== 'string' || !isKnownProgram(system)) throw new TypeError('system')
  if (!isCount(major)) throw new TypeError('major')
  return { program, system, major }
}

const KEY = /^[\w: .]{1,40}$/

function toSeenNetwork(value: unknown): SeenNetwork {
  const [key, otherKey, lastMin, kind, country, latitude, longitude, radiusKm] = value as unknown[]
  if (typeof key !== 'string' || !KEY.test(key)) throw new TypeError('key')
  if (otherKey !== null && (typeof otherKey !== 'string' || !KEY.test(otherKey))) throw new TypeError('otherKey')
  if (kind !== null && !KINDS.includes(kind as NetworkKind)) throw new TypeError('kind')
  if (country !== null && (typeof country !== 'string' || country.length !== 2)) throw new TypeError('country')
  if (!isCount(lastMin) || !isCount(radiusKm) || !isDegrees(latitude) || !isDegrees(longitude)) throw new TypeError()
  return { key, otherKey, lastMin, kind: kind as NetworkKind | null, country, latitude, longitude, radiusKm }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isDegrees(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Math.abs(value) <= 180)
}

function isList(value: unknown, least: number, most: number): value is unknown[] {
  return Array.isArray(value) && value.length >= least && value.length <= most
}
