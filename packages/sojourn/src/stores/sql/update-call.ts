import type { SessionId } from '../../core/record.ts'
import type { Change } from '../../core/store.ts'
import type { Call } from './driver.ts'
import type { Shape, Statements } from './statements.ts'
import { toAsciiJson, toStoredData, toStoredKey, toStoredText } from './stored-text.ts'

/** A change as one update, or `null` when there is nothing to set. */
export function toUpdateCall(statements: Statements, id: SessionId, change: Change): Call | null {
  const { set = {}, remove = [], expect, version, head, seen } = change
  const gone = statements.isRemovingByPath ? toPaths(remove) : {}
  const shape: Shape = {
    edits: remove.length > 0 || Object.keys(set).length > 0,
    paths: Object.keys(gone).length,
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
    patch: shape.edits ? toStoredData(set, shape.paths === 0 ? remove : []) : null,
    key,
    path: toPath(key),
    text: expect === undefined || expect.text === null ? null : toStoredText(expect.text),
    ...gone,
  })
}

const toPath = (storedKey: string): string => `$."${storedKey}"`

/** A power of two of them, the last again and again: each number of them is a statement that the server has to keep. */
function toPaths(keys: readonly string[]): Record<string, string> {
  const length = keys.length === 0 ? 0 : 2 ** Math.ceil(Math.log2(keys.length))
  const paths = Array.from({ length }, (_, index) => toPath(toStoredKey(keys[index] ?? keys.at(-1) ?? '')))
  return Object.fromEntries(paths.map((path, index) => [`gone${index}`, path]))
}
