import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { SessionRecord } from '../../core/contracts/record.ts'
import type { Change } from '../../core/contracts/store.ts'
import { withEdits } from '../../core/data/texts.ts'
import type { Mark } from './conditional.ts'
import { fromData, fromKey, fromText, number, toSeconds } from './item.ts'

/** The parameters of `UpdateItem` beside the key. */
export interface Update {
  readonly UpdateExpression: string
  readonly ConditionExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
  readonly ExpressionAttributeValues: Record<string, AttributeValue>
}

export interface UpdateOptions {
  /** Extends the entry in the user's list to this time, in seconds. */
  readonly listed?: number
  /** For changes with more keys than an expression can hold: the record that the change was made from, and its count of edits. */
  readonly whole?: { readonly record: SessionRecord; readonly edits: number }
}

/** An expression is limited to 4 KB and 300 operators. This many keys stay far below both. */
const MAX_EDITS = 100

export function isLarge({ set = {}, remove = [] }: Change): boolean {
  return Object.keys(set).length + remove.length > MAX_EDITS
}

export function isEmptyChange({ set = {}, remove = [], head, seen }: Change): boolean {
  return head === undefined && seen === undefined && Object.keys(set).length === 0 && remove.length === 0
}

/**
 * Converts a change to one conditional update. Each key of data is an attribute of its own in the map, so that parallel changes
 * of different keys do not conflict. The condition covers everything that the change depends on; DynamoDB checks it and writes
 * atomically.
 */
export function toUpdate(change: Change, mark: Mark, { listed, whole }: UpdateOptions = {}): Update {
  const { expect, head, seen, version = -1, nextVersion = version } = change
  const names: Record<string, string> = { '#kind': 'kind' }
  const values: Record<string, AttributeValue> = { ':live': { S: 'live' } }
  const sets: string[] = []
  const removes: string[] = []
  const conditions = ['#kind = :live']

  function name(attribute: string): string {
    names[`#${attribute}`] = attribute
    return `#${attribute}`
  }
  function value(key: string, given: AttributeValue): string {
    values[`:${key}`] = given
    return `:${key}`
  }
  /** Keys are replaced by numbers because an expression cannot contain arbitrary names. */
  function keyPath(key: string, place: string): string {
    names[`#${place}`] = fromKey(key)
    return `${name('data')}.#${place}`
  }
  function put(attribute: string, given: AttributeValue): void {
    sets.push(`${name(attribute)} = ${value(`${attribute}Next`, given)}`)
  }

  if (expect !== undefined) {
    const path = keyPath(expect.key, 'expect')
    conditions.push(
      expect.text === null ? `attribute_not_exists(${path})` : `${path} = ${value('expect', fromText(expect.text))}`,
    )
  }
  if (head !== undefined || seen !== undefined)
    conditions.push(`${name('version')} = ${value('version', number(version))}`)
  if (head !== undefined) {
    put('version', number(nextVersion))
    put('head', { S: JSON.stringify(head) })
  }
  if (seen !== undefined) {
    conditions.push(`${name('seen')} <= ${value('seenNext', number(seen.at))}`)
    put('seen', number(seen.at))
    put('expires', number(seen.expiresAt))
    put('ttl', number(toSeconds(seen.expiresAt)))
    if (listed === undefined) {
      conditions.push(`(attribute_not_exists(${name('listed')}) OR ${name('listed')} >= :ttlNext)`)
    } else put('listed', number(listed))
  }
  if (whole !== undefined) {
    conditions.push(`${name('edits')} = ${value('edits', number(whole.edits))}`)
    put('data', fromData(withEdits(whole.record.data, change)))
  } else {
    editsOf(change).forEach(([key, text], index) => {
      const path = keyPath(key, `k${index}`)
      if (text === null) removes.push(path)
      else sets.push(`${path} = ${value(`k${index}`, fromText(text))}`)
    })
  }
  put('mark', mark)
  const isEdited = whole !== undefined || editsOf(change).length > 0
  const clauses = [
    `SET ${sets.join(', ')}`,
    ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
    ...(isEdited ? [`ADD ${name('edits')} ${value('one', number(1))}`] : []),
  ]
  return {
    UpdateExpression: clauses.join(' '),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  }
}

/** DynamoDB allows each key once. A key that is both set and removed is removed. */
function editsOf({ set = {}, remove = [] }: Change): (readonly [string, string | null])[] {
  const gone = new Set(remove)
  const kept = Object.entries(set).filter(([key]) => !gone.has(key))
  return [...kept, ...[...gone].map((key) => [key, null] as const)]
}
