import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Guard, LoginRuling, LoginSight, Ruling, Sight } from '../core/contracts/guard.ts'
import type { Session } from '../core/contracts/session.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { chain } from '../core/lib/maybe.ts'
import { deny, report, sightOf } from '../core/request/for-handlers.ts'
import { createBursts } from './anomaly/_bursts.ts'
import { clientOf } from './anomaly/_client.ts'
import { begin, judge, type Visit } from './anomaly/_judge.ts'
import { createLookUp, type Locate } from './anomaly/_look-up.ts'
import { toFirstLine, toNote, toNoteText } from './anomaly/_note.ts'
import type { Network } from './anomaly/_place.ts'
import { createRefusals, toClientNetwork } from './anomaly/_refused.ts'
import { createMemory } from './anomaly/_remember.ts'
import { type AnomalyLevel, combine, levelOf, type Signal } from './anomaly/_signal.ts'

export type { Locate } from './anomaly/_look-up.ts'
export { type MmdbReader, mmdbPlaces } from './anomaly/_mmdb.ts'
export type { NetworkKind, Place } from './anomaly/_place.ts'
export type { AnomalyFinding, AnomalyLevel } from './anomaly/_signal.ts'

/**
 * What happens at a level. `'ignore'`: nothing. `'notify'`: the event `finding`. `'distrust'`: also, the user's proof of identity no
 * longer counts. `'end'`: also, the session ends.
 */
export type AnomalyAction = 'ignore' | 'notify' | 'distrust' | 'end'

export interface AnomalyOptions {
  /** At a score below 0.4. Default `'ignore'`. */
  readonly low?: AnomalyAction
  /** At a score from 0.4. Default `'notify'`. */
  readonly medium?: AnomalyAction
  /** At a score from 0.7. Default `'distrust'`. */
  readonly high?: AnomalyAction
  /** Returns where an address is. Default: not known. Without it, travel and kinds of networks are not seen. */
  readonly locate?: Locate
  /** Sessions that a network begins within `within` before it is a finding. Default 1000. */
  readonly creations?: number
  /** Failed logins of a network within `within`, which handlers report with `failed`. Default 200. */
  readonly failures?: number
  /** Different tokens that were never issued here, from a network within `within`. Default 50. */
  readonly probes?: number
  /** Default `'5m'`. */
  readonly within?: Duration
}

/** The guard, and what handlers report to it. */
export interface Anomaly extends Guard {
  opened(sight: Sight): MaybePromise<Ruling | null>
  login(sight: LoginSight): MaybePromise<LoginRuling | null>
  /** Counts a failed attempt to log in. Call it if the password was wrong, whether the account exists or not. */
  failed(session: Session<object>): void
  /**
   * Call it where a request uses a right that only a logged-in user has. If the session is anonymous, the application gave the right
   * without a login, and so without a new token: it is reported as `privileged-without-login`. With `'distrust'` or `'end'` at that
   * level, it also throws `ERR_DENIED` (403).
   */
  privileged(session: Session<object>): void
}

/**
 * Notices what a stolen or forced session looks like: another browser, another system, two networks at once, impossible travel,
 * a token that was replaced or logged out, guessed tokens, bursts. Each becomes the event `finding`, with a score and an explanation,
 * and the level of the score decides what happens. Browser updates, roaming and relays stay quiet.
 *
 * ```ts
 * const sessions = createSessions({ guards: [anomaly({ high: 'distrust' })] })
 * sessions.on('finding', ({ finding, score, message }) => console.warn(finding, score, message))
 * ```
 *
 * @throws `ERR_OPTION` for a wrong option.
 */
export function anomaly(options: AnomalyOptions = {}): Anomaly {
  const { actions, locate, limits } = demandOptions(options)
  const lookUp = createLookUp(locate)
  const bursts = createBursts(limits)
  const ofRefusal = createRefusals(bursts)
  /** Requests that came without a session, to see in `leaving` whether they began one. */
  const without = new WeakSet<RequestView>()
  /** Findings of `leaving`, which cannot report: the network's next request without a session does. */
  const late = createMemory<Signal>()

  function rule(signals: readonly Signal[]): Ruling | null {
    const found = combine(signals)
    const action = found === null ? 'ignore' : actions[levelOf(found.score)]
    if (found === null || action === 'ignore') return null
    return {
      report: found,
      ...(action === 'distrust' && { distrust: true }),
      ...(action === 'end' && { end: 'anomaly' }),
    }
  }

  function judgeSession(sight: Sight, network: Network | null): Ruling | null {
    const visit = toVisit(sight, network)
    if (isAsBefore(sight.note, visit) || !canNote(sight)) return null
    const before = toNote(sight.note)
    if (before === null) return { ...rule(ofFirst(sight)), note: toNoteText(begin(visit)) }
    const { signals, note } = judge(before, visit)
    const ruling = rule(signals)
    return note === before ? ruling : { ...ruling, note: toNoteText(note) }
  }

  function judgeVisitor(sight: Sight): Ruling | null {
    without.add(sight.view)
    const key = (late.size > 0 && toClientNetwork(sight.view)) || ''
    const created = late.get(key)
    late.delete(key)
    return rule([ofRefusal(sight), created].filter((signal) => signal !== undefined && signal !== null))
  }

  function countCreation({ view, now }: Sight): Signal | null {
    return bursts.count('creation', toClientNetwork(view), Number(now))
  }

  const guard: Anomaly = {
    name: 'anomaly',
    exportsNote: true,
    // It guards no account by itself, so its failure must not keep users out.
    whenDown: 'allow',
    opened(sight) {
      if (sight.id === null) return judgeVisitor(sight)
      if (sight.userId === null) return null
      return chain(lookUp(sight.view.peer, Number(sight.now)), (network) => judgeSession(sight, network))
    },
    login(sight) {
      const burst = countCreation(sight)
      const found = burst === null ? null : rule([burst])
      return chain(lookUp(sight.view.peer, Number(sight.now)), (network) => ({
        note: toNoteText(begin(toVisit(sight, network))),
        ...(found?.report && { report: found.report }),
      }))
    },
    leaving(sight, did) {
      if (sight.id === null || did === 'login' || !without.delete(sight.view)) return []
      const burst = countCreation(sight)
      if (burst !== null) late.set(toClientNetwork(sight.view) ?? '', burst)
      return []
    },
    failed(session) {
      const { view, now } = sightOf(session, guard)
      const burst = bursts.count('failure', toClientNetwork(view), Number(now))
      const found = burst === null ? null : rule([burst])
      if (found?.report) report(session, guard, found.report)
    },
    privileged(session) {
      if (sightOf(session, guard).userId !== null) return
      const ruling = rule([UNPROVEN])
      if (ruling?.report) report(session, guard, ruling.report)
      if (ruling?.distrust || ruling?.end) {
        deny(session, guard, { reason: 'privileged-without-login', message: 'Log in first.' })
      }
    },
  }
  return guard
}

const UNPROVEN: Signal = {
  finding: 'privileged-without-login',
  score: 0.9,
  message:
    'An anonymous session used the rights of a user. Its token is from before the login, so somebody may have planted it (session fixation). Call session.login, which issues a new token.',
}
const ASSIGNED: Signal = {
  finding: 'privileged-without-login',
  score: 0.9,
  message:
    'A session has a user, but nobody logged in. Other software may have written the user into the record of an anonymous session, whose token somebody may have planted.',
}

/** Without a note, no login of this guard began the session. One that other libraries began has a translated token at first. */
function ofFirst({ authenticatedAt, carrier }: Sight): readonly Signal[] {
  return authenticatedAt === null && carrier.translate === undefined ? [ASSIGNED] : []
}

function toVisit({ view, now, lastSeenAt, authenticatedAt, reusedAt }: Sight, network: Network | null): Visit {
  return {
    client: clientOf(view),
    network,
    nowMs: Number(now),
    lastSeenMs: Number(lastSeenAt ?? now),
    proofMs: authenticatedAt === null ? null : Number(authenticatedAt),
    reusedMs: Number(reusedAt ?? 0),
  }
}

/** Whether the request shows what the note's first line says. Most requests need no more. */
function isAsBefore(note: string | null, { client, network, proofMs, reusedMs }: Visit): boolean {
  if (note === null) return false
  const line = toFirstLine(client, network?.key ?? '', reusedMs, proofMs)
  return note.startsWith(proofMs === null ? line : `${line}\n`)
}

/**
 * A session that a carrier vouches for is used by other programs than the browser of its user. A client that holds its record gets no
 * note on an open socket.
 */
function canNote({ view, carrier, mac }: Sight): boolean {
  return mac('') !== null && (carrier.records === undefined || view.canSetHeaders !== false)
}

interface Checked {
  readonly actions: Readonly<Record<AnomalyLevel, AnomalyAction>>
  readonly locate: Locate | undefined
  readonly limits: Parameters<typeof createBursts>[0]
}

const ACTIONS = ['ignore', 'notify', 'distrust', 'end'] as const

function demandOptions(options: AnomalyOptions): Checked {
  checkOptions(
    options,
    {
      low: ACTIONS,
      medium: ACTIONS,
      high: ACTIONS,
      locate: 'function',
      creations: 'number',
      failures: 'number',
      probes: 'number',
      within: 'any',
    },
    'anomaly',
  )
  const {
    low = 'ignore',
    medium = 'notify',
    high = 'distrust',
    creations = 1000,
    failures = 200,
    probes = 50,
  } = options
  if (![creations, failures, probes].every((limit) => Number.isInteger(limit) && limit >= 1)) {
    throw new SessionError('ERR_OPTION', 'anomaly: creations, failures and probes must be whole numbers from 1.')
  }
  const withinMs = toMs(options.within ?? '5m', 'within')
  const limits = { creation: creations, failure: failures, probe: probes, withinMs }
  return { actions: { low, medium, high }, locate: options.locate, limits }
}
