import { type DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { type StoreContext, storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { afterAll, test } from 'vitest'
import type { Store } from '../../src/core/contracts/store.ts'
import { dynamodbStore } from '../../src/stores/dynamodb.ts'
import { testCases } from '../support/run-cases.ts'
import { type Line, startDynalite } from '../support/servers/dynalite.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'

const server = await startDynalite()
const client = server.client()
afterAll(() => server.stop())

interface Opened {
  readonly table: string
  readonly line?: Line
  readonly client: DynamoDBClient
}
const opened = new WeakMap<Store, Opened>()
let tables = 0

function open(options: Opened): Store {
  const store = dynamodbStore({ client: options.client, table: options.table })
  opened.set(store, options)
  return store
}
const openedAs = (store: Store): Opened => opened.get(store) as Opened
const newTable = (): string => `sessions-${tables++}`

async function itemsOf({ table }: Opened): Promise<string[]> {
  const { Items = [], LastEvaluatedKey } = await client.send(new ScanCommand({ TableName: table }))
  if (LastEvaluatedKey !== undefined) throw new Error('More than one page.')
  return Items.map((item) => JSON.stringify(item))
}

testCases('dynamodb', storeCases, {
  async createStore() {
    const line = await server.line()
    return open({ client: server.client({ endpoint: line.endpoint, maxAttempts: 1 }), table: newTable(), line })
  },
  second: (store) => open({ ...openedAs(store), client: server.client() }),
  reopen: (store) => open(openedAs(store)),
  probe: (store) => itemsOf(openedAs(store)),
  sever: (store) => openedAs(store).line?.cut(),
  async damage(store, id) {
    const Item = { pk: { S: `s#${id}` }, sk: { S: 's' }, kind: { S: 'live' }, head: { S: '{"later' } }
    await client.send(new PutItemCommand({ TableName: openedAs(store).table, Item }))
  },
  scans: true,
  without: { sweeps: 'DynamoDB deletes by its own TTL' },
} satisfies StoreContext)

/** The property opens its store at once; the table is made before the first call. */
function openReady(): Store {
  const store = open({ client, table: newTable() })
  const ready = Promise.resolve(store.setup?.()).then(() => store)
  return {
    name: store.name,
    read: (id) => ready.then(({ read }) => read(id)),
    create: (record) => ready.then(({ create }) => create(record)),
    write: (id, change) => ready.then(({ write }) => write(id, change)),
    end: (id, tombstone) => ready.then(({ end }) => end(id, tombstone)),
    list: (userId) => ready.then(({ list }) => list(userId)),
    close: () => store.close(),
  }
}

test('parallel calls answer as in some order of them', { timeout: 60_000 }, () =>
  fc.assert(parallelCalls(openReady), { numRuns: 8, endOnFailure: true }),
)

test('overlapping requests of one browser leave what its user expects', { timeout: 60_000 }, () =>
  fc.assert(overlappingRequests(openReady), { numRuns: 8, endOnFailure: true }),
)
