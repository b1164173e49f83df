import type { SessionId } from '../../core/contracts/record.ts'
import type { Change } from '../../core/contracts/store.ts'
import type { Call } from './driver.ts'
import type { Parameters } from './row.ts'
import { type Shape, type Statements, toNumbered } from './statements.ts'
import { toAsciiJson, toStoredData, toStoredKey, toStoredText } from './stored-text.ts'

export interface UpdateCalls {
  readonly update: Call
  /** Finds the row if the update failed because the change was too large. */
  readonly oversize: Call | null
}

/** Converts a change to one update, or `null` if there is nothing to set. */
export function toUpdateCalls(statements: Statements, id: SessionId, change: Change): UpdateCalls | null {
  const { set = {}, remove = [], expect, version, nextVersion, head, seen } = change
  const gone = statements.isRemovingByPath ? toNumbered('gone', remove.map(toStoredKey).map(toPath)) : {}
  const shape: Shape = {
    edits: remove.length > 0 || Object.keys(set).length > 0,
    paths: Object.keys(gone).length,
    head: head !== undefined,
    seen: seen !== undefined,
    expect: expect === undefined ? 'any' : expect.text === null ? 'absent' : 'text',
  }
  if (!shape.edits && !shape.head && !shape.seen) return null
  const key = toStoredKey(expect?.key ?? '')
  const parameters: Parameters = {
    id,
    version: version ?? null,
    next: nextVersion ?? null,
    head: head === undefined ? null : toAsciiJson(head),
    at: seen?.at ?? null,
    until: seen?.expiresAt ?? null,
    patch: shape.edits ? toStoredData(set, shape.paths === 0 ? remove : []) : null,
    key,
    path: toPath(key),
    text: expect === undefined || expect.text === null ? null : toStoredText(expect.text),
    ...gone,
  }
  return {
    update: statements.write(shape)(parameters),
    oversize: (shape.edits && statements.oversize?.(shape)(parameters)) || null,
  }
}

const toPath = (storedKey: string): string => `$."${storedKey}"`
