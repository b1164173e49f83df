import { type Client, type Difference, differenceOf, nameOfClient } from './_client.ts'
import { MOST_CLIENTS, MOST_NETWORKS, type Note, type SeenNetwork } from './_note.ts'
import { kmBetween, type Network } from './_place.ts'
import type { Signal } from './_signal.ts'

/** What a request shows. */
export interface Visit {
  readonly client: Client
  /** `null` if the address is not known. */
  readonly network: Network | null
  readonly nowMs: number
  readonly lastSeenMs: number
  /** When the user last proved their identity; `null` if that does not count any more. */
  readonly proofMs: number | null
  /** When an old token of the session was last presented; 0 if it was not. */
  readonly reusedMs: number
}

export interface Judgment {
  readonly signals: readonly Signal[]
  /** The same object if nothing has to be stored. */
  readonly note: Note
}

/** The note of a session whose token was just issued to the holder of the proof, so whatever this request shows is theirs. */
export function begin({ client, network, nowMs, proofMs, reusedMs }: Visit): Note {
  const networks = network === null ? [] : [toSeen(network, toMinutes(nowMs))]
  return { proofMs: proofMs ?? 0, clients: [client], networks, sinceMin: 0, returns: 0, reusedMs }
}

/** Compares a request with what the session was used with before. */
export function judge(note: Note, visit: Visit): Judgment {
  // A proof replaces the token, so only its giver has the new one.
  if (visit.proofMs !== null && visit.proofMs !== note.proofMs) return { signals: [], note: begin(visit) }
  const byClient = judgeClient(note, visit.client)
  const byNetwork = judgeNetwork(byClient.note, visit)
  const byReuse = judgeReuse(byNetwork.note, visit.reusedMs)
  return { signals: [...byClient.signals, ...byNetwork.signals, ...byReuse.signals], note: byReuse.note }
}

const SCORES: Readonly<Record<Difference, number>> = {
  same: 0,
  update: 0,
  'similar-system': 0.15,
  downgrade: 0.55,
  system: 0.75,
  program: 0.75,
  tool: 0.8,
}

function judgeClient(note: Note, client: Client): Judgment {
  const [first, ...others] = note.clients
  if (first === undefined || note.clients.some((known) => isEqual(known, client))) return { signals: [], note }
  const difference = differenceOf(first, client)
  if (difference === 'same') return { signals: [], note }
  if (difference === 'update') return { signals: [], note: { ...note, clients: [client, ...others] } }
  const clients = [first, client, ...others].slice(0, MOST_CLIENTS)
  return {
    signals: [{ finding: FINDINGS[difference], score: SCORES[difference], message: toText(difference, first, client) }],
    note: { ...note, clients },
  }
}

const FINDINGS = {
  'similar-system': 'platform-changed',
  system: 'platform-changed',
  downgrade: 'browser-downgraded',
  program: 'browser-changed',
  tool: 'browser-changed',
} as const

function toText(difference: keyof typeof FINDINGS, before: Client, now: Client): string {
  const pair = `${nameOfClient(before)} and now ${nameOfClient(now)}`
  if (difference === 'downgrade')
    return `The session was used by ${pair}. Browsers do not go back to an older version, so there may be two of them.`
  if (difference === 'similar-system')
    return `The session was used by ${pair}. Mobile browsers do this when they show the desktop site.`
  if (difference === 'system')
    return `The session was used by ${pair}. A browser does not change its system, so somebody may have copied its cookie.`
  return `The session was used by ${pair}. A browser keeps its cookies to itself, so somebody may have copied this one.`
}

function isEqual(a: Client, b: Client): boolean {
  return a.program === b.program && a.system === b.system && a.major === b.major
}

/** Both networks count as in use at once if the session returns to one within this time. */
const AT_ONCE_MIN = 10
/** Every so many returns within that time, the guard says so again. */
const RETURNS_STEP = 4
/** Above it, the order of the networks is not stored any more, so that two clients do not cause a write with each request. */
const MOST_RETURNS = 12

function judgeNetwork(note: Note, { network, nowMs, lastSeenMs }: Visit): Judgment {
  const [current, ...rest] = note.networks
  if (network === null) return { signals: [], note }
  const nowMin = toMinutes(nowMs)
  if (current === undefined) return { signals: [], note: { ...note, networks: [toSeen(network, nowMin)] } }
  if (isOf(current, network)) return { signals: [], note }
  if (isOtherFamily(current, network)) {
    return { signals: [], note: { ...note, networks: [{ ...current, otherKey: network.key }, ...rest] } }
  }
  const left = { ...current, lastMin: Math.min(nowMin, toMinutes(lastSeenMs)) }
  const known = rest.find((one) => isOf(one, network))
  const others = rest.filter((one) => one !== known)
  const networks = [known ?? toSeen(network, nowMin), left, ...others].slice(0, MOST_NETWORKS)
  if (known === undefined) {
    return { signals: judgeMove(left, network, (nowMs - lastSeenMs) / 60_000), note: { ...note, networks } }
  }
  if (nowMin - known.lastMin > AT_ONCE_MIN) return { signals: [], note: { ...note, networks } }
  return judgeReturn({ ...note, networks }, note, left, known, nowMin)
}

/** The session is back on a network that it used minutes ago. */
function judgeReturn(moved: Note, before: Note, from: SeenNetwork, to: SeenNetwork, nowMin: number): Judgment {
  const isNewCount = nowMin - before.sinceMin > AT_ONCE_MIN
  const returns = isNewCount ? 1 : before.returns + 1
  if (returns > MOST_RETURNS) return { signals: [], note: before }
  const note = { ...moved, returns, sinceMin: isNewCount ? nowMin : before.sinceMin }
  const score = returns % RETURNS_STEP === 0 ? scoreOfReturns(returns, from, to) : 0
  if (score === 0) return { signals: [], note }
  const where = from.country !== to.country && from.country !== null && to.country !== null
  const message = `The session moved between two networks${where ? ` in ${from.country} and ${to.country}` : ''} ${returns} times within ${AT_ONCE_MIN} minutes, as if two people used it.`
  return { signals: [{ finding: 'networks-at-once', score, message }], note }
}

/**
 * A phone at the edge of its Wi-Fi moves back and forth too, and so does a VPN that is not used for everything. Without a look-up, it
 * may be a relay. So only two homes in two countries make sure of it.
 */
function scoreOfReturns(returns: number, from: Network, to: Network): number {
  const kinds = [from.kind, to.kind]
  if (kinds.includes('relay')) return 0
  const isKnown = from.key.startsWith('AS') && to.key.startsWith('AS')
  const abroad = from.country !== to.country && from.country !== null && to.country !== null
  const isServer = kinds.includes('hosting') || kinds.includes('vpn')
  if (!isKnown || kinds.includes('vpn') || (kinds.includes('mobile') && !abroad)) return 0.35
  const most = abroad && !isServer && !kinds.includes('mobile') ? 0.75 : 0.6
  return Math.min(0.25 + 0.05 * returns + (abroad || isServer ? 0.15 : 0), most)
}

const MOST_KM_PER_HOUR = 1000
/** The Wi-Fi of an airplane ends at a ground station, which can be ahead of it by some thousand km. */
const FAR_KM_PER_HOUR = 6000
/** Below it, the coordinates of networks are not exact enough. */
const LEAST_KM = 300
/** If only countries are known: no border is crossed twice as fast as that without living near it. */
const SOON_MIN = 60

function judgeMove(from: Network, to: Network, minutes: number): readonly Signal[] {
  return [judgeTravel(from, to, minutes), judgeKind(from, to)].filter((signal) => signal !== null)
}

function judgeTravel(from: Network, to: Network, minutes: number): Signal | null {
  const km = kmBetween(from, to)
  const speed = km === null || km < LEAST_KM ? 0 : km / (Math.max(minutes, 1) / 60)
  const isAbroad = km === null && from.country !== null && to.country !== null && from.country !== to.country
  const byKm = speed > FAR_KM_PER_HOUR ? 0.8 : speed > MOST_KM_PER_HOUR ? 0.6 : 0
  const base = isAbroad && minutes < SOON_MIN ? 0.45 : byKm
  const score = Math.min(base, mostOfKinds(from, to))
  if (score === 0) return null
  const ago = Math.max(1, Math.round(minutes))
  const far = km === null ? '' : `, at least ${Math.round(km)} km away`
  const places = from.country !== null && to.country !== null ? ` from ${from.country} to ${to.country}` : ''
  const message = `The session moved${places} within ${ago} minutes${far}. Nobody travels that fast, but a VPN, or a phone that is abroad, looks like that too.`
  return { finding: 'impossible-travel', score, message }
}

/** The address shows where a VPN ends, or the home network of a phone abroad, rather than where the user is. */
function mostOfKinds(from: Network, to: Network): number {
  const kinds = [from.kind, to.kind]
  if (kinds.includes('relay')) return 0
  if (kinds.includes('vpn') || kinds.includes('mobile')) return 0.3
  return kinds.includes('hosting') ? 0.35 : 1
}

function judgeKind(from: Network, to: Network): Signal | null {
  const isServer = to.kind === 'hosting' || to.kind === 'vpn'
  if (!isServer || from.kind === 'hosting' || from.kind === 'vpn' || from.kind === 'relay') return null
  const message = 'The session moved to a network of rented servers, where VPNs end and where scripts of attackers run.'
  return { finding: 'network-kind-changed', score: to.kind === 'vpn' ? 0.25 : 0.4, message }
}

function judgeReuse(note: Note, reusedMs: number): Judgment {
  if (reusedMs === note.reusedMs) return { signals: [], note }
  if (reusedMs === 0) return { signals: [], note: { ...note, reusedMs } }
  const message =
    'Somebody presented an old token of this session, so there is a copy. The present user may be the owner or the thief.'
  return { signals: [{ finding: 'token-reused', score: 0.5, message }], note: { ...note, reusedMs } }
}

function toSeen(network: Network, lastMin: number): SeenNetwork {
  return { ...network, otherKey: null, lastMin }
}

function isOf(seen: SeenNetwork, { key }: Network): boolean {
  return seen.key === key || seen.otherKey === key
}

/** Without a look-up, a client's other address family is taken for the same network, once. */
function isOtherFamily(current: SeenNetwork, { key }: Network): boolean {
  const families = [current.key.slice(0, 3), key.slice(0, 3)].sort().join()
  return current.otherKey === null && families === 'v4 ,v6 '
}

function toMinutes(ms: number): number {
  return Math.max(0, Math.floor(ms / 60_000))
}
