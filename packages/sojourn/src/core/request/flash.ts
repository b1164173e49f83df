import type { MaybePromise } from '../contracts/store.ts'
import { type Edits, NO_EDITS, pick, toDrops } from '../data/texts.ts'
import { chain } from '../lib/maybe.ts'
import type { Held } from './held.ts'
import { NOTES } from './notes.ts'
import { accept, type Flashed, NOTHING_PENDING, type Pending, type State } from './state.ts'

/** The flash values that these edits remove because they were taken, under stored names. */
export function takenIn(flash: Flashed | null, all: Edits): readonly string[] {
  return [...(flash?.taken ?? [])].filter((name) => all[name] === null)
}

/**
 * What to store first, and what afterwards. A value that another request has set since it was taken stays for the next one. To be
 * sure of that, the write demands the text that was seen. A write can demand one text only, so each further value needs another
 * write.
 */
export function splitTaken(state: State, held: Held, pending: Pending): MaybePromise<readonly [Pending, Pending]> {
  const { data, all } = pending
  const taken = takenIn(state.flash, all)
  if (taken.length === 0) return [pending, NOTHING_PENDING]
  return chain(held.vault.fromStored(held.record.data), (stored) => {
    const later = taken.filter((name) => stored[name] === state.texts[name])
    const first = NOTES in all ? undefined : later.shift()
    accept(state, toPending(taken.filter((name) => name !== first && !later.includes(name))))
    const now = pick(all, (name) => (name !== first && taken.includes(name) ? null : name))
    return [{ data, all: now }, toPending(later)]
  })
}

function toPending(names: readonly string[]): Pending {
  return { data: NO_EDITS, all: toDrops(names) }
}
