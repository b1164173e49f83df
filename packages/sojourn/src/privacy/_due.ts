import type { Head, SessionRecord } from '../core/contracts/record.ts'
import type { Change } from '../core/contracts/store.ts'
import { NOTES, noteEdits, notesIn } from '../core/request/notes.ts'
import { toHeadChange } from '../core/token/secrets.ts'
import { withoutOldPlaces } from '../guards/anomaly/_note.ts'

/** The guard whose note has networks and places. */
const ANOMALY = 'anomaly'

/** The write that takes away what is due, or `null`. Nothing is written over what a request changed meanwhile. */
export function toDueChange(record: SessionRecord, head: Head, placesBeforeMs: number): Change | null {
  const notes = toNotes(record, placesBeforeMs)
  if (head === record.head) return notes
  return { ...toHeadChange(record, head), ...notes }
}

function toNotes({ data, lastSeenAt }: SessionRecord, beforeMs: number): Change | null {
  const { [ANOMALY]: note } = notesIn(data)
  const kept = note === undefined ? undefined : withoutOldPlaces(note, lastSeenAt, beforeMs)
  if (kept === undefined || kept === note) return null
  const { [NOTES]: text } = noteEdits(data, new Map([[ANOMALY, kept]]))
  if (typeof text !== 'string') return null
  return { set: { [NOTES]: text }, expect: { key: NOTES, text: data[NOTES] ?? null } }
}
