import type { Change } from '../../core/contracts/store.ts'
import { toHeadText, toLine, toTime } from './record-text.ts'

/** Converts a change to the arguments of the WRITE script, which documents each of them. */
export function toChangeArgs(change: Change, keepMs: string, indexedUntil: number | null): string[] {
  const { version, nextVersion, head, seen, expect, set = {}, remove = [] } = change
  const sets = Object.entries(set)
  const args = [
    version === undefined ? '' : String(version),
    head === undefined ? '' : toHeadText(head),
    nextVersion === undefined ? '' : String(nextVersion),
    seen === undefined ? '' : toTime(seen.at),
    seen === undefined ? '' : toTime(seen.expiresAt),
    keepMs,
    indexedUntil === null ? '' : toTime(indexedUntil),
    ...toExpected(expect),
    String(sets.length),
  ]
  for (const [key, text] of sets) args.push(toLine(key), toLine(text))
  for (const key of remove) args.push(toLine(key))
  return args
}

function toExpected(expect: Change['expect']): [how: string, key: string, text: string] {
  if (expect === undefined) return ['', '', '']
  return [expect.text === null ? 'absent' : 'text', toLine(expect.key), expect.text === null ? '' : toLine(expect.text)]
}
