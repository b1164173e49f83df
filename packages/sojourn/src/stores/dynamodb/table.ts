import { SessionError } from '../../core/contracts/errors.ts'
import { type Calls, isNamed } from './calls.ts'

const WAIT_MS = 120_000

/** Creates the table, paid by request and with its TTL, unless it exists. Resolves when the table can be used. */
export async function createTable(calls: Calls): Promise<void> {
  if ((await statusOf(calls)) === null) await create(calls)
  const deadline = Date.now() + WAIT_MS
  for (let pauseMs = 20; (await statusOf(calls)) !== 'ACTIVE'; pauseMs = Math.min(1000, pauseMs * 2)) {
    if (Date.now() > deadline)
      throw new SessionError('ERR_STORE', 'dynamodb: the table is not active yet. Run store.setup() again.')
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  await enableTtl(calls)
}

async function statusOf({ send }: Calls): Promise<string | null> {
  try {
    const { Table } = await send('DescribeTable', {})
    const keys = Table?.KeySchema?.map(({ AttributeName }) => AttributeName).join()
    if (keys !== 'pk,sk')
      throw new SessionError(
        'ERR_OPTION',
        'dynamodb: the keys of this table are not pk and sk. Use another table name, or create the table as documented.',
      )
    return Table?.TableStatus ?? 'UNKNOWN'
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return null
    throw error
  }
}

async function create({ send }: Calls): Promise<void> {
  try {
    await send('CreateTable', {
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    })
  } catch (error) {
    // Another process is creating it at the same time.
    if (!isNamed(error, 'ResourceInUseException')) throw error
  }
}

async function enableTtl({ send }: Calls): Promise<void> {
  const { TimeToLiveDescription: ttl } = await send('DescribeTimeToLive', {})
  if (ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING') {
    if (ttl.AttributeName === 'ttl') return
    throw new SessionError(
      'ERR_OPTION',
      'dynamodb: the TTL attribute of this table is not ttl. Change it, or use another table name.',
    )
  }
  try {
    await send('UpdateTimeToLive', { TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } })
  } catch (error) {
    // Another process was first. Or the server speaks DynamoDB's protocol but has no TTL.
    const isFirst = isNamed(error, 'ValidationException') && /already enabled/i.test(error.message)
    if (!isFirst && !isNamed(error, 'UnknownOperationException')) throw error
  }
}
