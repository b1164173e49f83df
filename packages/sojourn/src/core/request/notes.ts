import type { SessionRecord } from '../contracts/record.ts'
import type { Change } from '../contracts/store.ts'
import { applyEdits, type Edits, parseTexts, type Texts } from '../data/texts.ts'
import type { Vault } from '../data/vault.ts'

/** One name for the notes of all guards, so that a write can require that none of them changed meanwhile. */
export const NOTES = '~g'

/** What guards wrote in this request, until it is stored. */
export interface Notes {
  /** A text by the name of the guard; `null` removes it. */
  readonly byGuard: ReadonlyMap<string, string | null>
  /** What was stored when the guards decided. */
  readonly expect: NonNullable<Change['expect']>
}

/** The session that the notes belong to. */
interface Noted {
  readonly record: SessionRecord
  readonly vault: Vault
}

/** The stored notes, by the name of the guard. Without what other software may have put there. */
export function notesIn(texts: Texts): Texts {
  const { [NOTES]: text } = texts
  if (text === undefined) return {}
  const notes = parseTexts({ text }).values.text
  if (typeof notes !== 'object' || Array.isArray(notes)) return {}
  return Object.fromEntries(Object.entries(notes ?? {}).filter(([, note]) => typeof note === 'string'))
}

export function withNote(before: Notes | null, held: Noted, guard: string, text: string | null): Notes {
  return { byGuard: new Map(before?.byGuard).set(guard, text), expect: storedUnder(held, NOTES) }
}

/** What a write demands so that nothing has changed under this name. */
export function storedUnder({ record, vault }: Noted, name: string): Notes['expect'] {
  const key = vault.storedKey(name)
  return { key, text: record.data[key] ?? null }
}

/** The edit that stores these notes beside those of other guards; empty if nothing changes. */
export function noteEdits(texts: Texts, byGuard: Notes['byGuard']): Edits {
  const all = applyEdits(notesIn(texts), Object.fromEntries(byGuard))
  const text = Object.keys(all).length === 0 ? null : JSON.stringify(all)
  return text === (texts[NOTES] ?? null) ? {} : { [NOTES]: text }
}

/** The notes that can still be stored in another version of the record: those that no parallel request changed. */
export function stillGood({ byGuard }: Notes, before: Texts, held: Noted, after: Texts): Notes | null {
  const [known, now] = [notesIn(before), notesIn(after)]
  const good = [...byGuard].filter(([guard]) => known[guard] === now[guard])
  return good.length === 0 ? null : { byGuard: new Map(good), expect: storedUnder(held, NOTES) }
}
