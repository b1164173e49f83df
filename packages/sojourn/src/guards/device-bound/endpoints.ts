import type { Finding, Ruling, Sight } from '../../core/contracts/guard.ts'
import { equalText } from '../../core/token/token.ts'
import * as answers from './answers.ts'
import { createBinding, findChallenge, isResent, issueChallenge, renewBinding } from './binding.ts'
import { readText } from './headers.ts'
import { type Binding, type Note, parseNote, printNote } from './note.ts'
import type { Settings } from './options.ts'
import { verifyRefresh, verifyRegistration } from './proof.ts'

const PROOF = 'secure-session-response'

const BOUND: Finding = {
  finding: 'device-bound',
  score: 0,
  message: 'The session is now bound to a key of the browser.',
}
const WRONG_REGISTRATION: Finding = {
  finding: 'device-registration-refused',
  score: 0.7,
  message: 'Somebody tried to bind the session to a key without the offer that only the login received.',
}
const WRONG_PROOF: Finding = {
  finding: 'device-proof-refused',
  score: 0.9,
  message: 'A proof for the bound session was signed with another key, so the session cookie may be a copy.',
}

/** The browser registers a key. It may only do so with the offer of a login, because a copied cookie has none. */
export async function register(settings: Settings, sight: Sight): Promise<Ruling> {
  const { view, userId } = sight
  const now = sight.now.getTime()
  if (view.method !== 'POST') return { answer: answers.ONLY_POST }
  const proof = readText(view, PROOF)
  const note = parseNote(sight.note)
  const { binding, offer } = note ?? {}
  if (proof === null) return { answer: answers.refusedRegistration('A registration needs a signed proof.') }
  if (binding !== undefined && isResent(binding, proof, now))
    return { answer: answers.bound(settings, binding, proof, now) }
  const wrong: Ruling = {
    answer: answers.refusedRegistration(
      'This browser was not offered a binding, or the offer has expired. Log in again.',
    ),
  }
  if (userId === null || note === null) return wrong
  const proved = await verifyRegistration(proof)
  const isOffered =
    offer !== undefined &&
    now < offer.until &&
    proved !== null &&
    equalText(proved.challenge, offer.challenge) &&
    equalText(proved.authorization ?? '', offer.authorization)
  if (!isOffered) return { ...wrong, report: WRONG_REGISTRATION }
  const { offer: _, ...rest } = note
  const fresh = createBinding(proved.key, proof, now, settings.lifetimeMs)
  return { ...toRuling(settings, { ...rest, binding: fresh }, fresh, proof, now), report: BOUND }
}

function toRuling(settings: Settings, note: Note, binding: Binding, proof: string, now: number): Ruling {
  return { answer: answers.bound(settings, binding, proof, now), note: printNote(note) }
}

/** The browser renews the bound cookie. A live binding is never refused with a status for which browsers forget it. */
export async function refresh(settings: Settings, sight: Sight): Promise<Ruling> {
  const { view } = sight
  if (view.method !== 'POST') return { answer: answers.ONLY_POST }
  const id = readText(view, 'sec-secure-session-id')
  const note = parseNote(sight.note)
  const binding = note?.binding
  if (sight.id === null) return { answer: withoutSession(settings, sight, id) }
  if (note === null || binding === undefined) return { answer: answers.unknown(settings) }
  if (id !== null && id !== binding.id) return { answer: answers.FOREIGN }
  return renew(settings, sight, note, binding)
}

async function renew(settings: Settings, { view, now: date }: Sight, note: Note, binding: Binding): Promise<Ruling> {
  const now = date.getTime()
  const proof = readText(view, PROOF)
  if (proof === null) return challenge(settings, note, binding, now)
  if (isResent(binding, proof, now)) return { answer: answers.bound(settings, binding, proof, now) }
  const proved = await verifyRefresh(proof, binding.key)
  if (proved === null) return { ...challenge(settings, note, binding, now), report: WRONG_PROOF }
  const used = findChallenge(binding, proved.challenge, now)
  if (used === undefined) return challenge(settings, note, binding, now)
  const renewed = renewBinding(binding, used, proof, now, settings.lifetimeMs)
  return toRuling(settings, { ...note, binding: renewed }, renewed, proof, now)
}

function challenge({ lifetimeMs }: Settings, note: Note, binding: Binding, now: number): Ruling {
  const { challenge, changed } = issueChallenge(binding, now, lifetimeMs)
  const answer = answers.challenged(binding.id, challenge)
  return changed === null ? { answer } : { answer, note: printNote({ ...note, binding: changed }) }
}

/** Refusals after which the client may still have a live session: a parallel request is about to replace the token, or two came. */
const MAY_BE_LIVE: readonly unknown[] = ['superseded', 'reused', 'ambiguous', 'withheld']

function withoutSession(settings: Settings, { view, refused, presents }: Sight, id: string | null) {
  const isFromOtherSite = view.header('sec-fetch-site') === 'cross-site'
  if (MAY_BE_LIVE.includes(refused) || (!presents && isFromOtherSite)) {
    return answers.later('The session of this browser cannot be judged in this request.')
  }
  if (id !== null && (refused === 'ended' || refused === 'expired')) return answers.discontinued(settings, id)
  return answers.unknown(settings)
}
