import type { RequestView } from '../../core/contracts/carrier.ts'
import type { Ruling, Sight } from '../../core/contracts/guard.ts'
import * as answers from './answers.ts'
import { createOffer, provedAt } from './binding.ts'
import { skippedReason } from './headers.ts'
import { type Binding, type Note, parseNote, printNote } from './note.ts'
import type { Settings } from './options.ts'

const MINUTE = 60_000
/** Requests that the browser sent before it received its first bound cookie arrive within this time. */
const SETTLE_MS = MINUTE
/** An offer goes only to a client that received a new token for a proof of identity. A cookie that was copied before is invalid. */
const OFFER_WITHIN_MS = 5 * MINUTE

/** Called with the note that has the offer, if the response should offer a binding. */
type Offered = (note: string) => void

/** Judges a request that is not one of the protocol's own. */
export function judge(settings: Settings, sight: Sight, offered: Offered): Ruling | null {
  if (sight.userId === null) return null
  const note = parseNote(sight.note)
  const binding = note?.binding
  if (note === null || binding === undefined) return judgeUnbound(settings, sight, note, offered)
  return judgeBound(settings, sight, note, binding, offered)
}

/** The note of a session that a login has just begun, or `null` if its browser cannot bind it. */
export function offerAtLogin(sight: Sight): string | null {
  return canOffer(sight) ? printNote(toOffered(sight)) : null
}

function toOffered({ now, authenticatedAt }: Sight): Note {
  return { v: 1, offeredFor: authenticatedAt?.getTime() ?? 0, offer: createOffer(now.getTime()) }
}

function offer(sight: Sight, offered: Offered): Ruling {
  const note = printNote(toOffered(sight))
  offered(note)
  return { note }
}

/**
 * Whether this was less than `ms` ago. Servers' clocks may differ by a minute. A time further ahead is from before the clock was
 * set back, and says nothing about how long ago it was.
 */
function isRecent(at: number, now: Date, ms: number): boolean {
  const age = now.getTime() - at
  return age < ms && age > -MINUTE
}

/** A client that holds the record itself could present an old one, from before the binding. */
function canOffer({ view, carrier }: Sight): boolean {
  return carrier.ambient && view.secure && view.canSetHeaders !== false && carrier.records === undefined
}

/** Whether the user proved their identity moments ago, and nothing was offered for that proof yet. */
function isOfferDue(sight: Sight, note: Note | null): boolean {
  const at = sight.authenticatedAt?.getTime() ?? 0
  return at > (note?.offeredFor ?? 0) && isRecent(at, sight.now, OFFER_WITHIN_MS) && canOffer(sight)
}

function judgeUnbound(settings: Settings, sight: Sight, note: Note | null, offered: Offered): Ruling | null {
  const policy = settings.policyOf(sight)
  if (isOfferDue(sight, note)) return offer(sight, offered)
  const at = sight.authenticatedAt?.getTime() ?? 0
  if (policy === 'offer' || isRecent(at, sight.now, SETTLE_MS)) return null
  const report = { finding: 'device-unbound', message: 'The session is not bound to a device.' }
  if (policy === 'require') return { answer: answers.UNBOUND, report }
  return at === 0 ? null : { distrust: true, report }
}

function judgeBound(settings: Settings, sight: Sight, note: Note, binding: Binding, offered: Offered): Ruling | null {
  const cookies = settings.cookie.read(sight.view)
  const at = provedAt(binding, cookies, sight.now.getTime())
  if (at !== null && isProvedWithin(at, sight.now, settings.proofWithinMs(sight)))
    return binding.unprovenAt === undefined ? null : forgive(note, binding)
  if (at === null && isRecent(binding.boundAt, sight.now, SETTLE_MS)) return null
  if (settings.unproven === 'distrust' && isProvedOtherwise(sight, binding)) {
    // The user proved their identity in a browser that has lost its key.
    return offer(sight, offered)
  }
  return secondChance(settings, sight.view, binding, cookies) ?? judgeUnproven(settings, sight, note, binding)
}

function isProvedWithin(at: number, now: Date, ms: number): boolean {
  return ms === Number.POSITIVE_INFINITY || isRecent(at, now, ms + 1)
}

function forgive(note: Note, { unprovenAt: _, ...binding }: Binding): Ruling {
  return { note: printNote({ ...note, binding }) }
}

function isProvedOtherwise({ authenticatedAt }: Sight, { unprovenAt }: Binding): boolean {
  return unprovenAt !== undefined && authenticatedAt !== null && authenticatedAt.getTime() > unprovenAt
}

/** Answers after which an honest browser proves itself, without a loss. A copy of the cookie gains nothing from them. */
function secondChance(
  settings: Settings,
  view: RequestView,
  { id }: Binding,
  cookies: readonly string[],
): Ruling | null {
  const reason = skippedReason(view, id)
  if (reason !== null) {
    const report = {
      finding: 'device-proof-skipped',
      score: 0.1,
      message: `The browser did not renew its proof: ${reason}.`,
    }
    return {
      answer: answers.later('The browser could not prove itself in time. Load the page again in a moment.'),
      report,
    }
  }
  // What a browser fetches ahead must not make the user anonymous. It sends the request again when it is needed.
  if (/^prefetch/.test(view.header('sec-purpose') ?? '')) return { answer: answers.later('Not fetched ahead.') }
  if (view.canSetHeaders === false) return null
  if (cookies.length > 0 && isOwnPath(view.url)) return { answer: answers.again(settings, view.url) }
  return isNavigationFromElsewhere(view) ? { answer: answers.RELOAD } : null
}

/** A path that a browser takes for one of this host. `//evil.example` is another host. */
function isOwnPath(url: string): boolean {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(url)
}

function isNavigationFromElsewhere(view: RequestView): boolean {
  const site = view.header('sec-fetch-site')
  return (
    view.method === 'GET' &&
    view.header('sec-fetch-mode') === 'navigate' &&
    (site === 'cross-site' || site === 'same-site')
  )
}

function judgeUnproven({ unproven }: Settings, sight: Sight, note: Note, binding: Binding): Ruling | null {
  const report = {
    finding: 'device-proof-missing',
    score: 0.7,
    message:
      'A request of a bound session came without the cookie of the device. The session cookie may be a copy, or the browser lost its key.',
  }
  if (unproven === 'end') return { end: 'device-proof-missing', report }
  if (unproven === 'withhold') return { withhold: true, report }
  if (sight.authenticatedAt === null) return null
  return {
    distrust: true,
    report,
    note: printNote({ ...note, binding: { ...binding, unprovenAt: sight.now.getTime() } }),
  }
}
