import { SessionError } from '../core/errors.ts'
import type { SessionId, SessionRecord } from '../core/record.ts'
import type { Change, ScanPage, Store, Written } from '../core/store.ts'
import { applyChange, isFresh } from './apply-change.ts'
import { type Calls, createCalls, type Item, isNamed, toStoreError } from './dynamodb/calls.ts'
import { fromRecord, fromTombstone, numberOf, recordKey, toSeconds, toValue } from './dynamodb/item.ts'
import { createTable } from './dynamodb/table.ts'
import { isEmptyChange, isLarge, toUpdate } from './dynamodb/update.ts'
import { createUsers, listedUntil, type Users } from './dynamodb/users.ts'
import { noCursor } from './scan-ids.ts'

/** What the store needs of a `DynamoDBClient` of `@aws-sdk/client-dynamodb`. */
export interface DynamodbClient {
  send(command: never): Promise<unknown>
}

export interface DynamodbStoreOptions {
  /** A `DynamoDBClient`. Left out: the store makes one, by `region`, `endpoint` and the credentials of its surroundings. */
  readonly client?: DynamodbClient
  /** The table's name. Keys `pk` and `sk`, both strings, and the TTL attribute `ttl`: `setup()` creates it so. */
  readonly table: string
  /** Without `client`. */
  readonly region?: string
  /** Without `client`: another server than AWS. */
  readonly endpoint?: string
}

/** Ids as core makes them. Others are nowhere in the table. */
const ID = /^[\w-]{1,64}$/
const TABLE = /^[\w.-]{3,255}$/
const CURSOR = /^(s#[\w-]{1,64}\/s|u#[0-9a-f]{32}\/[\w-]{1,64})$/
const WRITTEN: Written = { status: 'written' }

/** Each failed try means that another writer got through, so this many in a row is no accident. */
const MAX_TRIES = 100

/**
 * Sessions in a table of DynamoDB. Reads are consistent. What a write depends on is checked by DynamoDB as it writes.
 * Needs the package `@aws-sdk/client-dynamodb`.
 */
export function dynamodbStore({ client, table, region, endpoint }: DynamodbStoreOptions): Store {
  if (typeof table !== 'string' || !TABLE.test(table)) {
    throw new SessionError('ERR_OPTION', 'dynamodbStore: table must be the name of a table.')
  }
  const calls = createCalls({ client, table, region, endpoint })
  const users = createUsers(calls)
  let isClosed = false

  async function run<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (isClosed) throw new SessionError('ERR_CLOSED', 'dynamodbStore.')
    try {
      return await work()
    } catch (error) {
      throw toStoreError(operation, error)
    }
  }

  return {
    name: 'dynamodb',
    setup: () => run('setup', () => createTable(calls)),
    create: (record) => run('create', () => create(calls, users, record)),
    write: (id, change) => run('write', () => write(calls, users, id, change)),
    list: (userId) => run('list', () => users.list(userId)),
    scan: (cursor, limit) => run('scan', () => scan(calls, cursor, limit)),

    read: (id) =>
      run('read', async () => {
        const item = await find(calls, id)
        return item === null ? null : toValue(item)
      }),

    end: (id, tombstone) =>
      run('end', async () => {
        if (!ID.test(id)) return null
        const item = await putIf(calls, fromTombstone(tombstone), 'kind = :live', { ':live': { S: 'live' } })
        const record = item === null ? null : toValue(item)
        if (record?.kind !== 'live') return null
        // The session is ended; an entry that stays costs the next list a look, until DynamoDB deletes it.
        if (record.userId !== null) await users.remove(record.userId, id).catch(() => undefined)
        return record
      }),

    close() {
      if (!isClosed) calls.close()
      isClosed = true
    },
  }
}

async function find({ send }: Calls, id: SessionId): Promise<Item | null> {
  if (!ID.test(id)) return null
  const { Item } = await send('GetItem', { Key: recordKey(id), ConsistentRead: true })
  return Item ?? null
}

/** The item that was there before, `{}` for none; `null` when the condition was not met. */
async function putIf(calls: Calls, item: Item, condition: string, values?: Item): Promise<Item | null> {
  try {
    const { Attributes = {} } = await calls.send('PutItem', {
      Item: item,
      ConditionExpression: condition,
      ExpressionAttributeValues: values,
      ReturnValues: 'ALL_OLD',
    })
    return Attributes
  } catch (error) {
    if (isNamed(error, 'ConditionalCheckFailedException')) return null
    throw error
  }
}

async function create(calls: Calls, users: Users, record: SessionRecord): Promise<boolean> {
  if (!ID.test(record.id)) throw new SessionError('ERR_STORE', 'dynamodb: not an id.')
  const listed = record.userId === null ? null : listedUntil(record.expiresAt)
  if (record.userId !== null && listed !== null) await users.add(record.userId, record.id, listed)
  return (await putIf(calls, fromRecord(record, listed), 'attribute_not_exists(pk)')) !== null
}

async function write(calls: Calls, users: Users, id: SessionId, asked: Change): Promise<Written> {
  let change = asked
  // One call is all there is, unless the change is none, has more keys than an expression holds, or its condition is not met.
  let item = isEmptyChange(change) || isLarge(change) || !ID.test(id) ? await find(calls, id) : undefined
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    let extended: { listed?: number; whole?: { record: SessionRecord; edits: number } } = {}
    if (item !== undefined) {
      const value = item === null ? null : toValue(item)
      if (item === null || value === null) return { status: 'gone', tombstone: null }
      if (value.kind === 'ended') return { status: 'gone', tombstone: value }
      if (applyChange(value, change) === null) return { status: 'conflict', record: value }
      const { seen, ...rest } = change
      if (seen !== undefined && !isFresh(value, change)) change = rest
      if (isEmptyChange(change)) return WRITTEN
      const listed = await relist(users, value, item, change)
      extended = {
        ...(listed !== null && { listed }),
        ...(isLarge(change) && { whole: { record: value, edits: numberOf(item, 'edits') } }),
      }
    }
    const failed = await update(calls, id, change, extended)
    if (failed === null) return WRITTEN
    item = failed.item
  }
  throw new SessionError('ERR_STORE', 'dynamodb: too many writers changed one session at once.')
}

/** Before a session lives longer than its entry in the user's list, the entry has to. */
async function relist(users: Users, record: SessionRecord, item: Item, { seen }: Change): Promise<number | null> {
  if (seen === undefined || record.userId === null) return null
  if (numberOf(item, 'listed') >= toSeconds(seen.expiresAt)) return null
  const listed = listedUntil(seen.expiresAt)
  await users.add(record.userId, record.id, listed)
  return listed
}

/** `null` when written; else what is there, which does not meet the condition, or did not a moment ago. */
async function update(
  calls: Calls,
  id: SessionId,
  change: Change,
  options: Parameters<typeof toUpdate>[1],
): Promise<{ item: Item | null } | null> {
  try {
    await calls.send('UpdateItem', {
      Key: recordKey(id),
      ...toUpdate(change, options),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    return null
  } catch (error) {
    if (!isNamed(error, 'ConditionalCheckFailedException')) throw error
    const { Item } = error as Error & { Item?: Item }
    return { item: Item ?? (await find(calls, id)) }
  }
}

async function scan({ send }: Calls, cursor: string | null, limit: number): Promise<ScanPage> {
  if (cursor !== null && !CURSOR.test(cursor)) throw noCursor('dynamodb')
  const [pk = '', sk = ''] = cursor?.split('/') ?? []
  const { Items = [], LastEvaluatedKey } = await send('Scan', {
    ConsistentRead: true,
    Limit: limit,
    FilterExpression: '#kind = :live OR #kind = :ended',
    ExpressionAttributeNames: { '#kind': 'kind' },
    ExpressionAttributeValues: { ':live': { S: 'live' }, ':ended': { S: 'ended' } },
    ExclusiveStartKey: cursor === null ? undefined : { pk: { S: pk }, sk: { S: sk } },
  })
  const next = LastEvaluatedKey === undefined ? null : `${LastEvaluatedKey.pk?.S}/${LastEvaluatedKey.sk?.S}`
  return { values: Items.map(toValue), next }
}
