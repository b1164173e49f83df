import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { ScanPage, Store, Written } from '../core/contracts/store.ts'
import { type Calls, createCalls, toStoreError } from './dynamodb/calls.ts'
import { find } from './dynamodb/conditional.ts'
import { toFound, toValue } from './dynamodb/item.ts'
import { create, end, write } from './dynamodb/records.ts'
import { createTable } from './dynamodb/table.ts'
import { createUsers } from './dynamodb/users.ts'
import { createGate } from './kit/gate.ts'
import { assertStorable, isStorableId, noCursor } from './kit/ids.ts'

/** The members of a `DynamoDBClient` of `@aws-sdk/client-dynamodb` that the store uses. */
export interface DynamodbClient {
  send(command: never): Promise<unknown>
}

export interface DynamodbStoreOptions {
  /** A `DynamoDBClient`. Default: the store creates one from `region`, `endpoint` and the credentials of its environment. */
  readonly client?: DynamodbClient
  /** The table's name. Its keys are the strings `pk` and `sk`, and its TTL attribute is `ttl`. `setup()` creates such a table. */
  readonly table: string
  /** For use without `client`. */
  readonly region?: string
  /** For use without `client`: a server other than AWS. */
  readonly endpoint?: string
}

/** Ids as core makes them. The table holds no others. */
const TABLE = /^[\w.-]{3,255}$/
const CURSOR = /^(s#[\w-]{1,64}\/s|u#[0-9a-f]{32}\/[\w-]{1,64})$/
const GONE: Written = { status: 'gone', tombstone: null }

/**
 * Sessions in a DynamoDB table. Reads are consistent. DynamoDB checks the conditions of a write as it writes. If an answer is
 * lost and the SDK sends a write again, the second copy finds the mark of the first. Needs the package
 * `@aws-sdk/client-dynamodb`.
 */
export function dynamodbStore(options: DynamodbStoreOptions): Store {
  checkOptions(options, { client: 'any', table: 'any', region: 'any', endpoint: 'any' }, 'dynamodbStore')
  const { client, table, region, endpoint } = options
  if (typeof table !== 'string' || !TABLE.test(table)) {
    throw new SessionError(
      'ERR_OPTION',
      'dynamodbStore: table must be the name of a table: 3 to 255 letters, digits and _.-',
    )
  }
  const calls = createCalls({ client, table, region, endpoint })
  const users = createUsers(calls)
  const { ask, close } = createGate('dynamodb', toStoreError)

  return {
    name: 'dynamodb',
    setup: () => ask('setup', () => createTable(calls)),
    list: (userId) => ask('list', () => users.list(userId)),
    scan: (cursor, limit) => ask('scan', () => scan(calls, cursor, limit)),
    write: (id, change) => ask('write', async () => (isStorableId(id) ? write(calls, users, id, change) : GONE)),
    end: (id, tombstone) => ask('end', async () => (isStorableId(id) ? end(calls, users, id, tombstone) : null)),

    read: (id) =>
      ask('read', async () => {
        const item = isStorableId(id) ? await find(calls, id) : null
        return item === null ? null : toValue(item)
      }),

    create: (record) =>
      ask('create', async () => {
        assertStorable('dynamodb', record)
        return create(calls, users, record)
      }),

    close: () => close(() => calls.close()),
  }
}

async function scan({ send }: Calls, cursor: string | null, limit: number): Promise<ScanPage> {
  if (cursor !== null && !CURSOR.test(cursor)) throw noCursor('dynamodb')
  const [pk = '', sk = ''] = cursor?.split('/') ?? []
  const { Items = [], LastEvaluatedKey } = await send('Scan', {
    ConsistentRead: true,
    Limit: limit,
    FilterExpression: 'begins_with(pk, :session)',
    ExpressionAttributeValues: { ':session': { S: 's#' } },
    ExclusiveStartKey: cursor === null ? undefined : { pk: { S: pk }, sk: { S: sk } },
  })
  const next = LastEvaluatedKey === undefined ? null : `${LastEvaluatedKey.pk?.S}/${LastEvaluatedKey.sk?.S}`
  return { values: Items.map(toFound), next }
}
