import type { Piece } from './pieces.ts'
import type { Run } from './run.ts'

/** How long a time that has passed can still make a difference, ticks. */
export type Horizons = (field: string) => number

export function horizonsOf({ limits, slow = [], skew = 0, maxStale = 0, crash = 0 }: Run): Horizons {
  const slack = Math.max(0, ...slow.map(({ open }) => open)) + skew + maxStale + 1
  const { grace, renew = 0, touch = 0, idle = 0, absolute = 0 } = limits
  const all = slack + Math.max(grace, renew, touch, idle, absolute, crash)
  const bounds: Record<string, number> = {
    createdAt: absolute === 0 ? 0 : absolute + slack,
    authenticatedAt: absolute === 0 ? 0 : absolute + slack,
    lastSeenAt: touch === 0 && idle === 0 ? 0 : Math.max(touch, idle) + slack,
    secretAt: renew === 0 ? 0 : renew + slack,
    endedAt: grace + slack,
    until: slack,
  }
  return (field) => bounds[field] ?? all
}

/** Takes the pieces of a world one by one. */
export interface Fingerprint {
  put(piece: Piece | null): void
  /** The place of first appearance of a text, if it appeared. */
  placeOf(text: string): number | undefined
  /** 53 bits of the two hashes: among a million states, two alike by accident are one chance in twenty thousand. */
  value(): number
}

/**
 * Two worlds with the same pieces, when secrets count by their place of first appearance and times from now, have the same
 * future. So a session's endless life is a finite graph.
 */
export function createFingerprint(now: number, horizons: Horizons): Fingerprint {
  const places = new Map<string, number>()
  let a = 0x811c9dc5
  let b = 0x2545f491

  function mix(number: number): void {
    a = Math.imul(a ^ number, 0x01000193)
    a = (a << 13) | (a >>> 19)
    b = Math.imul(b ^ (number + 0x9e37), 0x85ebca6b)
    b ^= b >>> 15
  }

  return {
    put(piece) {
      if (piece === null) mix(NOTHING)
      else if (typeof piece === 'number') mix(piece)
      else if (typeof piece === 'string') {
        let place = places.get(piece)
        if (place === undefined) {
          place = places.size
          places.set(piece, place)
        }
        mix(PLACE + place)
      } else mix(TIME + Math.max(piece.tick - now, -horizons(piece.field)))
    },
    placeOf: (text) => places.get(text),
    value() {
      mix(places.size)
      mix(NOTHING)
      return (a >>> 0) * 0x20_0000 + ((b >>> 0) & 0x1f_ffff)
    },
  }
}

/** So that a word, a place and a time are never alike. */
const PLACE = 0x10_0000
const TIME = 0x20_0000
const NOTHING = 0x30_0000
