import { SessionError } from '../../core/contracts/errors.ts'
import { fromCutText, isMark, toCutText } from './marks.ts'
import type { EndsMemory } from './memory.ts'

/** The `typ` of a list of ends. No access token has it, and no list has that of an access token. */
export const ENDS_TYPE = 'ends+jwt'

/** Clocks of processes that note ends may differ by this. */
const OVERLAP_MS = 10_000

/**
 * The ends that were noted since this time, as claims: 22 characters for an ended session, a few more for a cut. A verifier that asks
 * each second gets those of the last seconds.
 */
export function toListClaims(
  memory: EndsMemory,
  issuer: string,
  sinceMs: number,
  nowMs: number,
): Record<string, unknown> {
  const from = Math.max(0, sinceMs - OVERLAP_MS)
  const ends = [...memory.entries()].filter(([, { at }]) => at >= from)
  const isWhole = ([, { cut }]: (typeof ends)[number]): boolean => cut === Number.POSITIVE_INFINITY
  return {
    iss: issuer,
    iat: Math.floor(nowMs / 1000),
    at: nowMs,
    since: sinceMs,
    all: memory.all,
    ended: ends
      .filter(isWhole)
      .map(([mark]) => mark)
      .join(' '),
    cuts: ends
      .filter((one) => !isWhole(one))
      .map(([mark, { cut }]) => `${mark}:${toCutText(cut)}`)
      .join(' '),
  }
}

/** Takes the ends of a list whose signature was checked. Returns when it was made, ms since the epoch. */
export function learnList(memory: EndsMemory, claims: Readonly<Record<string, unknown>>, sinceMs: number): number {
  const { at, since, all, ended, cuts } = claims
  const areTexts = typeof ended === 'string' && typeof cuts === 'string'
  const isFor = typeof at === 'number' && typeof all === 'number' && typeof since === 'number' && since <= sinceMs
  if (!areTexts || !isFor) throw new SessionError('ERR_CARRIER', 'The list of ends is not in the form that we know.')
  if (all > 0) memory.addAll(all)
  for (const mark of words(ended)) if (isMark(mark)) memory.add(mark, { cut: Number.POSITIVE_INFINITY, at })
  for (const word of words(cuts)) {
    const [mark, cut = ''] = word.split(':')
    if (isMark(mark) && /^[0-9a-z]{1,12}$/.test(cut)) memory.add(mark, { cut: fromCutText(cut), at })
  }
  return at
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ')
}
