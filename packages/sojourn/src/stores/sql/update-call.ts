import type { SessionId } from '../../core/record.ts'
import type { Change } from '../../core/store.ts'
import type { Call } from './driver.ts'
import type { Shape, Statements } from './statements.ts'
import { toAsciiJson, toStoredData, toStoredKey, toStoredText } from './stored-text.ts'

/** A change as one update, or `null` when there is nothing to set. */
export function toUpdateCall(statements: Statements, id: SessionId, change: Change): Call | null {
  const { set = {}, remove = [], expect, version, head, seen } = change
  const shape: Shape = {
    edits: remove.length > 0 || Object.keys(set).length > 0,
    head: head !== undefined,
    // Without the version it was made from, a touch is stale by definition.
    seen: seen !== undefined && version !== undefined,
    expect: expect === undefined ? 'any' : expect.text === null ? 'absent' : 'text',
  }
  if (!shape.edits && !shape.head && !shape.seen) return null
  const key = toStoredKey(expect?.key ?? '')
  return statements.write(shape)({
    id,
    version: version ?? null,
    head: head === undefined ? null : toAsciiJson(head),
    at: seen?.at ?? null,
    until: seen?.expiresAt ?? null,
    patch: shape.edits ? toStoredData(set, remove) : null,
    key,
    path: `$."${key}"`,
    text: expect === undefined || expect.text === null ? null : toStoredText(expect.text),
  })
}
