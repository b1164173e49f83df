import {
  BatchWriteItemCommand,
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { Store } from '../../src/core/contracts/store.ts'
import { resilientStore } from '../../src/stores/around/resilient.ts'
import { type DynamodbClient, dynamodbStore } from '../../src/stores/dynamodb.ts'
import { startDynalite } from '../support/servers/dynalite.ts'
import { aRecord, aTombstone, DAY, MINUTE } from './records.ts'

const server = await startDynalite()
const client = server.client()
afterAll(() => server.stop())

interface Command {
  readonly constructor: { readonly name: string }
  readonly input: Record<string, unknown>
}

let asked: Command[]
/** Answers instead of the server, with what it returns or throws; `undefined` lets the call through. */
let intercept: (command: Command) => unknown
const watched: DynamodbClient = {
  async send(command) {
    asked.push(command)
    return (await intercept(command)) ?? client.send(command)
  },
}
const names = (): string[] => asked.map((command) => command.constructor.name.replace('Command', ''))

let tables = 0
let table: string
let store: Store
beforeEach(async () => {
  table = `calls-${tables++}`
  intercept = () => undefined
  asked = []
  store = dynamodbStore({ client: watched, table })
  await store.setup?.()
  asked = []
})

async function itemOf(id: string): Promise<Record<string, { N?: string; S?: string }>> {
  const Key = { pk: { S: `s#${id}` }, sk: { S: 's' } }
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }))
  return (Item ?? {}) as Record<string, { N?: string; S?: string }>
}

/** The session's entry in the list of its user. */
async function entryOf(id: string): Promise<Record<string, unknown>> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table }))
  return Items.find(({ pk, sk }) => pk?.S?.startsWith('u#') && sk?.S === id) ?? {}
}

async function created(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
  const record = aRecord({ userId: 'ada', ...fields })
  expect(await store.create(record)).toBe(true)
  asked = []
  return record
}

function fault(name: string, fields: object = {}): Error {
  return Object.assign(new Error(`${name}.`), { name, ...fields })
}

/** DynamoDB, unlike dynalite, returns the stored item if a condition is not met. */
async function withOldItem(command: Command): Promise<unknown> {
  const input = command.input as { Key: Record<string, { S: string }>; ReturnValuesOnConditionCheckFailure?: string }
  if (input.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD') return undefined
  try {
    return await client.send(command as never)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: input.Key }))
    throw Object.assign(error, { Item })
  }
}

describe('round trips', () => {
  test('one to read, to write, to touch, to create and to end an anonymous session', async () => {
    const { id, lastSeenAt, expiresAt, head } = await created({ userId: null })
    await store.read(id)
    await store.write(id, { set: { a: '1' }, remove: ['b'], expect: { key: 'a', text: null } })
    await store.write(id, { version: 0, seen: { at: lastSeenAt + 1, expiresAt: expiresAt + 1 } })
    await store.write(id, { version: 0, nextVersion: 3, head })
    await store.create(aRecord())
    await store.end(id, aTombstone(aRecord({ id })))
    expect(names()).toEqual(['GetItem', 'UpdateItem', 'UpdateItem', 'UpdateItem', 'PutItem', 'PutItem'])
  })

  test('a conflict and a dead session need no second one where the server says what is there', async () => {
    intercept = withOldItem
    const record = await created({ userId: null, data: { a: '1' } })
    const conflict = await store.write(record.id, { set: { a: '2' }, expect: { key: 'a', text: '3' } })
    expect(conflict).toEqual({ status: 'conflict', record })
    const tombstone = aTombstone(record)
    await store.end(record.id, tombstone)
    expect(await store.write(record.id, { set: { a: '2' } })).toEqual({ status: 'gone', tombstone })
    expect(names()).toEqual(['UpdateItem', 'PutItem', 'UpdateItem'])
  })

  test('every read is a consistent one', async () => {
    const { id } = await created()
    await store.read(id)
    await store.list('ada')
    await store.scan?.(null, 10)
    await store.write(id, { set: { a: '1' }, expect: { key: 'b', text: '1' } })
    const reads = asked.filter(({ constructor: { name } }) => name !== 'UpdateItemCommand')
    expect(reads.map(({ input }) => JSON.stringify(input).includes('"ConsistentRead":true'))).toEqual(
      Array(5).fill(true),
    )
  })
})

describe("a user's list [1 Ended is ended]", () => {
  test('has a session before the session is there: a server that dies in between leaves none that revokeAll misses', async () => {
    const record = aRecord({ userId: 'ada' })
    let writes = 0
    intercept = () => {
      if (++writes > 1) throw fault('TimeoutError')
      return undefined
    }
    await expect(Promise.resolve(store.create(record))).rejects.toMatchObject({ code: 'ERR_STORE' })
    intercept = () => undefined
    expect(await store.read(record.id)).toBeNull()
    expect(await store.list('ada')).toEqual([])
    expect(await store.create(record)).toBe(true)
    expect(await store.list('ada')).toEqual([record])
  })

  test('outlives the session, however often that is touched', async () => {
    const record = await created()
    let { lastSeenAt, expiresAt } = record
    for (let day = 0; day < 3; day++) {
      lastSeenAt += DAY
      expiresAt += DAY
      await store.write(record.id, { version: 0, seen: { at: lastSeenAt, expiresAt }, set: { day: `${day}` } })
      const { listed, ttl } = await itemOf(record.id)
      expect(Number(listed?.N)).toBeGreaterThanOrEqual(expiresAt / 1000)
      expect(Number(ttl?.N)).toBeGreaterThanOrEqual(expiresAt / 1000)
      expect((await entryOf(record.id)).ttl, 'the entry is kept as long as the record says').toEqual(listed)
    }
    expect(names().filter((name) => name === 'UpdateItem').length, 'one more a day').toBeLessThanOrEqual(3 * 3)
    expect(await store.list('ada')).toEqual([{ ...record, lastSeenAt, expiresAt, data: { day: '2' } }])
  })

  test('a failed removal of the entry does not fail the logout, nor show what ended', async () => {
    const record = await created()
    intercept = ({ constructor: { name } }) => {
      if (name === 'DeleteItemCommand') throw fault('ThrottlingException')
      return undefined
    }
    expect(await store.end(record.id, aTombstone(record))).toEqual(record)
    expect(await store.list('ada')).toEqual([])
  })

  test('a create of a taken id takes no session out of any list', async () => {
    const record = await created({ expiresAt: aRecord().expiresAt + DAY })
    expect(await store.create({ ...record, expiresAt: record.createdAt + MINUTE })).toBe(false)
    expect((await entryOf(record.id)).ttl, 'the entry is kept as long as before').toEqual(
      (await itemOf(record.id)).listed,
    )
    expect(await store.create({ ...record, userId: 'eve' })).toBe(false)
    expect(await store.list('ada')).toEqual([record])
    expect(await store.list('eve')).toEqual([])
  })

  test('is whole with more sessions than a batch holds, and when DynamoDB leaves part of a batch undone', async () => {
    const records = await Promise.all(Array.from({ length: 130 }, () => created()))
    let leaves = 3
    intercept = async (command) => {
      if (command.constructor.name !== 'BatchGetItemCommand' || leaves-- <= 0) return undefined
      const { Keys, ...rest } = (command.input.RequestItems as Record<string, { Keys: object[] }>)[table] ?? {
        Keys: [],
      }
      return { Responses: {}, UnprocessedKeys: { [table]: { ...rest, Keys } } }
    }
    const listed = await store.list('ada')
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(records.map(({ id }) => id)))
  })
})

describe('a user with 10 000 sessions', () => {
  /** Past the store, which would take a minute. */
  async function fill(count: number): Promise<void> {
    const first = await created()
    const item = await itemOf(first.id)
    const { pk: user, ttl } = (await entryOf(first.id)) as Record<string, { S: string }>
    const puts = Array.from({ length: count - 1 }, (_, index) => {
      const id = `copy-${index}`.padStart(22, '0')
      return [
        { ...item, pk: { S: `s#${id}` } },
        { pk: user, sk: { S: id }, ttl },
      ]
    }).flat()
    for (let at = 0; at < puts.length; at += 250) {
      const batches = Array.from({ length: 10 }, (_, n) => puts.slice(at + n * 25, at + (n + 1) * 25))
      const writes = batches
        .filter(({ length }) => length > 0)
        .map((batch) =>
          client.send(
            new BatchWriteItemCommand({
              RequestItems: { [table]: batch.map((Item) => ({ PutRequest: { Item } })) } as never,
            }),
          ),
        )
      await Promise.all(writes)
    }
  }

  test('is listed whole, by a bounded number of calls at once, so that others get their turn', async () => {
    await fill(10_000)
    let inFlight = 0
    let most = 0
    intercept = async (command) => {
      most = Math.max(most, ++inFlight)
      try {
        return await client.send(command as never)
      } finally {
        inFlight--
      }
    }
    expect(new Set((await store.list('ada')).map(({ id }) => id)).size).toBe(10_000)
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(8)
  }, 120_000)

  test('that DynamoDB never completes is ERR_STORE after some tries, and not an incomplete list', async () => {
    await created()
    intercept = async (command) => {
      if (command.constructor.name !== 'BatchGetItemCommand') return undefined
      return { Responses: {}, UnprocessedKeys: command.input.RequestItems }
    }
    await expect(Promise.resolve(store.list('ada'))).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(asked.length).toBeLessThan(20)
  }, 30_000)
})

describe('changes [2 No lost update]', () => {
  test('of more keys than an expression holds lose no parallel change', async () => {
    const record = await created({ data: { gone: '0' } })
    const keys = Array.from({ length: 400 }, (_, index) => `key ${index}`)
    const set = Object.fromEntries(keys.map((key) => [key, '1']))
    const others = Array.from({ length: 20 }, (_, index) =>
      store.write(record.id, { set: { [`other ${index}`]: '2' } }),
    )
    const all = [store.write(record.id, { set, remove: ['gone'] }), ...others]
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(21).fill('written'))
    const kept = await store.read(record.id)
    expect(kept?.kind === 'live' ? Object.keys(kept.data).length : 0).toBe(420)
  })

  test('half a surrogate pair, which UTF-8 cannot encode, never reaches DynamoDB, and is read back unchanged', async () => {
    const half = '\ud800'
    const record = await created({ userId: half, data: { [half]: half } })
    await store.write(record.id, { set: { [`${half}2`]: half }, expect: { key: half, text: half } })
    const data = { [half]: half, [`${half}2`]: half }
    expect(await store.read(record.id)).toEqual({ ...record, data })
    const { Items = [] } = await client.send(new ScanCommand({ TableName: table }))
    expect(JSON.stringify(Items)).toContain('\\\\ud800')
    expect(JSON.stringify(Items).replaceAll('\\\\ud800', '')).not.toContain('\\ud800')
  })

  test('a key that is set and removed is absent', async () => {
    const { id } = await created()
    await store.write(id, { set: { a: '1', b: '2' }, remove: ['a', 'a'] })
    expect(await store.read(id)).toMatchObject({ data: { b: '2' } })
  })

  test('data beyond 400 KB is refused with the reason, and what is there stays', async () => {
    const record = await created({ data: { a: '1' } })
    const set = { big: JSON.stringify('x'.repeat(500_000)) }
    const write = Promise.resolve(store.write(record.id, { set }))
    const tooLarge = { code: 'ERR_DATA_TOO_LARGE', status: 413, message: expect.stringContaining('400 KB') }
    await expect(write).rejects.toMatchObject(tooLarge)
    const create = Promise.resolve(store.create(aRecord({ data: set })))
    await expect(create).rejects.toMatchObject(tooLarge)
    expect(await store.read(record.id)).toEqual(record)
  })
})

describe('a user whose data is too large', () => {
  test('opens the circuit breaker for nobody, however often it is tried', async () => {
    const guarded = resilientStore(store, { timeout: '30s' })
    const evil = await created({ data: { cart: 'x'.repeat(380_000) } })
    const ada = await created()
    const writes = Array.from({ length: 60 }, (_, n) =>
      Promise.resolve(guarded.write(evil.id, { set: { [`k${n}`]: 'x'.repeat(30_000) } })),
    )
    const answers = await Promise.allSettled([...writes, Promise.resolve(guarded.read(ada.id))])
    expect(answers.pop()).toEqual({ status: 'fulfilled', value: ada })
    for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'ERR_DATA_TOO_LARGE', status: 413 } })
    expect(await guarded.read(ada.id)).toEqual(ada)
  }, 30_000)
})

describe('faults [7 Fail closed]', () => {
  test('a call that is still throttled after the tries of the SDK is ERR_STORE, and quotes nothing', async () => {
    const record = await created({ data: { secret: '"private"' } })
    intercept = () => {
      throw fault('ProvisionedThroughputExceededException')
    }
    const calls = [
      () => store.read(record.id),
      () => store.list('ada'),
      () => store.create(aRecord()),
      () => store.write(record.id, { set: { a: '"private"' } }),
      () => store.end(record.id, aTombstone(record)),
    ]
    for (const call of calls) {
      const error: Error & { code?: string } = await Promise.resolve(call()).then(
        () => new Error('no error'),
        (found) => found,
      )
      expect(error.code).toBe('ERR_STORE')
      expect(`${error.message}`).not.toMatch(/private|ada/)
    }
  })

  test('the cause contains the message of DynamoDB, but not a refused expression with the keys in it', async () => {
    const fails = async (error: Error): Promise<unknown> => {
      intercept = () => {
        throw error
      }
      return Promise.resolve(store.read(aRecord().id)).catch(({ cause }: Error) => cause)
    }
    const throttled = 'The level of configured provisioned throughput for the table was exceeded.'
    const named = { name: 'ProvisionedThroughputExceededException' }
    expect(await fails(Object.assign(new Error(throttled), named))).toMatchObject({ ...named, message: throttled })
    const overlap = 'Invalid UpdateExpression: Two document paths overlap; path one: [data, _private key]'
    const cause = await fails(Object.assign(new Error(overlap), { name: 'ValidationException', $response: 'private' }))
    expect(cause).toMatchObject({ name: 'ValidationException', message: 'Invalid UpdateExpression' })
    expect(JSON.stringify(cause)).not.toContain('private')
  })

  test('an item that this version cannot read fails the call, and is not quoted', async () => {
    const record = await created()
    const Item = { pk: { S: `s#${record.id}` }, sk: { S: 's' }, kind: { S: 'live' }, head: { S: '{"private' } }
    await client.send(new PutItemCommand({ TableName: table, Item }))
    const error = await Promise.resolve(store.read(record.id)).catch((found: unknown) => found as Error)
    expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
    expect(`${(error as Error).stack}${String((error as Error).cause)}`).not.toContain('private')
  })

  test('a table that is not there names the way to it', async () => {
    const lost = dynamodbStore({ client, table: 'nowhere' })
    const read = Promise.resolve(lost.read(aRecord().id))
    await expect(read).rejects.toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('setup()') })
  })
})

describe('setup', () => {
  test('creates a table paid by request whose TTL is on; several processes may do so at once', async () => {
    const fresh = `fresh-${tables++}`
    const ttls: unknown[] = []
    intercept = ({ constructor: { name }, input }) => {
      if (name !== 'UpdateTimeToLiveCommand') return undefined
      ttls.push(input.TimeToLiveSpecification)
      return {}
    }
    const stores = [1, 2, 3].map(() => dynamodbStore({ client: watched, table: fresh }))
    await Promise.all(stores.map((each) => each.setup?.()))
    expect(ttls).toEqual(Array(3).fill({ AttributeName: 'ttl', Enabled: true }))
    const made = asked.find(({ constructor: { name } }) => name === 'CreateTableCommand')
    expect(made?.input).toMatchObject({ BillingMode: 'PAY_PER_REQUEST' })
  })

  test('refuses a table with other keys, or with its TTL on another attribute', async () => {
    const other = `other-${tables++}`
    await client.send(
      new CreateTableCommand({
        TableName: other,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    )
    const refused = { code: 'ERR_OPTION' }
    await expect(Promise.resolve(dynamodbStore({ client, table: other }).setup?.())).rejects.toMatchObject(refused)
    intercept = ({ constructor: { name } }) =>
      name === 'DescribeTimeToLiveCommand'
        ? { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' } }
        : undefined
    await expect(Promise.resolve(store.setup?.())).rejects.toMatchObject(refused)
  })

  test('an invalid table name is an option error', () => {
    for (const name of ['', 'a', 'a b', undefined as never, 'x'.repeat(256)]) {
      expect(() => dynamodbStore({ client, table: name })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
  })

  test('leaves a client that was passed in alone, and closes its own', async () => {
    await store.close()
    await client.send(new GetItemCommand({ TableName: table, Key: { pk: { S: 'a' }, sk: { S: 'b' } } }))
    expect(() => store.read(aRecord().id)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  })
})
