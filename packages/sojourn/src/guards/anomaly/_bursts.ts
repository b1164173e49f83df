import { createMemory, type Memory } from './_remember.ts'
import type { AnomalyFinding, Signal } from './_signal.ts'

/** What is counted of each network, and from how many within the time it is a finding. */
export interface BurstLimits {
  /** Sessions that begin, anonymous or by a login. */
  readonly creation: number
  /** Attempts to log in that fail. */
  readonly failure: number
  /** Different tokens that were never issued here. */
  readonly probe: number
  readonly withinMs: number
}

export type Counted = 'creation' | 'failure' | 'probe'

export interface Bursts {
  /** Counts one, if the network is known. With an `id`, the same one counts once. Returns a finding when a limit is reached, and each time it doubles. */
  count(kind: Counted, network: string | null, nowMs: number, id?: string | undefined): Signal | null
}

interface Count {
  sinceMs: number
  number: number
  /** Ids that were counted, shortened. */
  readonly ids: Set<string>
}

/** How many networks are counted at once, for each kind. */
const MOST_NETWORKS = 2000
/** Different ids are remembered up to this number. After it, each counts. */
const MOST_IDS = 200

/** Counts in the memory of this process. */
export function createBursts(limits: BurstLimits): Bursts {
  const create = (): Memory<Count> => createMemory(MOST_NETWORKS, limits.withinMs)
  const counts: Record<Counted, Memory<Count>> = { creation: create(), failure: create(), probe: create() }
  return {
    count(kind, network, nowMs, id) {
      if (network === null) return null
      const known = counts[kind]
      const found = known.get(network)
      const isOld = found === undefined || nowMs < found.sinceMs || nowMs - found.sinceMs >= limits.withinMs
      const count = isOld ? { sinceMs: nowMs, number: 0, ids: new Set<string>() } : found
      if (isOld) known.set(network, count)
      if (id !== undefined) {
        const short = id.slice(0, 8)
        if (count.ids.has(short)) return null
        if (count.ids.size < MOST_IDS) count.ids.add(short)
      }
      count.number += 1
      const times = count.number / limits[kind]
      return Number.isInteger(Math.log2(times)) && times >= 1 ? toSignal(kind, count.number, limits) : null
    },
  }
}

const FINDINGS: Readonly<Record<Counted, AnomalyFinding>> = {
  creation: 'creation-burst',
  failure: 'failure-burst',
  probe: 'ids-probed',
}

const TEXTS: Readonly<Record<Counted, (count: string) => string>> = {
  creation: (count) => `One network began ${count}. A script may be creating accounts, or trying passwords.`,
  failure: (count) => `One network failed to log in ${count}. A script may be trying passwords.`,
  probe: (count) =>
    `One network presented ${count}. Somebody may be guessing tokens. After a loss of the store or of the keys, honest clients do this too.`,
}
const UNITS: Readonly<Record<Counted, string>> = {
  creation: 'sessions',
  failure: 'times',
  probe: 'different tokens that were never issued here',
}

function toSignal(kind: Counted, number: number, limits: BurstLimits): Signal {
  const minutes = Math.round(limits.withinMs / 60_000)
  const message = TEXTS[kind](`${number} ${UNITS[kind]} within ${minutes} minutes`)
  // 0.5 at the limit, 0.75 at four times the limit.
  return { finding: FINDINGS[kind], score: Math.min(0.9, 0.5 + 0.125 * Math.log2(number / limits[kind])), message }
}
