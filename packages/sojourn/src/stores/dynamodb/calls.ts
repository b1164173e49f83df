import type * as Sdk from '@aws-sdk/client-dynamodb'
import { SessionError } from '../../core/contracts/errors.ts'
import { toQuietCause } from '../kit/driver-errors.ts'
import { sentOnce } from './sent-once.ts'

export type Item = Record<string, Sdk.AttributeValue>

interface Operations {
  GetItem: [Sdk.GetItemCommandInput, Sdk.GetItemCommandOutput]
  PutItem: [Sdk.PutItemCommandInput, Sdk.PutItemCommandOutput]
  UpdateItem: [Sdk.UpdateItemCommandInput, Sdk.UpdateItemCommandOutput]
  DeleteItem: [Sdk.DeleteItemCommandInput, Sdk.DeleteItemCommandOutput]
  BatchGetItem: [Sdk.BatchGetItemCommandInput, Sdk.BatchGetItemCommandOutput]
  Query: [Sdk.QueryCommandInput, Sdk.QueryCommandOutput]
  Scan: [Sdk.ScanCommandInput, Sdk.ScanCommandOutput]
  DescribeTable: [Sdk.DescribeTableCommandInput, Sdk.DescribeTableCommandOutput]
  CreateTable: [Sdk.CreateTableCommandInput, Sdk.CreateTableCommandOutput]
  DescribeTimeToLive: [Sdk.DescribeTimeToLiveCommandInput, Sdk.DescribeTimeToLiveCommandOutput]
  UpdateTimeToLive: [Sdk.UpdateTimeToLiveCommandInput, Sdk.UpdateTimeToLiveCommandOutput]
}

type Input<Name extends keyof Operations> = Omit<Operations[Name][0], 'TableName'>

/** The DynamoDB calls that the store makes, all on its one table. */
export interface Calls {
  readonly table: string
  /**
   * Rejects with the SDK's own error. If DynamoDB throttles or does not answer, the SDK sends again, with growing pauses and a
   * limit. `isOnce`: it sends again only if the earlier attempt certainly did nothing; otherwise it rejects with
   * `UnansweredError`.
   */
  send<Name extends keyof Operations>(name: Name, input: Input<Name>, isOnce?: boolean): Promise<Operations[Name][1]>
  close(): void
}

export interface ClientOptions {
  readonly client: { send(command: never): Promise<unknown> } | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly table: string
}

/** The first call imports the SDK. If no client was given, the store creates one and closes it. */
export function createCalls({ client, region, endpoint, table }: ClientOptions): Calls {
  let sdk: Promise<typeof Sdk> | null = null
  let own: Sdk.DynamoDBClient | null = null

  function clientOf({ DynamoDBClient }: typeof Sdk): { send(command: never): Promise<unknown> } {
    if (client !== undefined) return client
    own ??= new DynamoDBClient({ ...(region !== undefined && { region }), ...(endpoint !== undefined && { endpoint }) })
    return own
  }

  return {
    table,
    async send<Name extends keyof Operations>(name: Name, input: Input<Name>, isOnce = false) {
      sdk ??= importSdk()
      const module = await sdk
      const Command = module[`${name}Command`] as unknown as new (input: object) => never
      const command = new Command({ ...input, TableName: table })
      const send = (): Promise<unknown> => clientOf(module).send(command)
      return (await (isOnce ? sentOnce(command, send) : send())) as Operations[Name][1]
    },
    close: () => own?.destroy(),
  }
}

async function importSdk(): Promise<typeof Sdk> {
  try {
    return await import('@aws-sdk/client-dynamodb')
  } catch (error) {
    throw new SessionError(
      'ERR_OPTION',
      'dynamodbStore needs the package @aws-sdk/client-dynamodb. Run: npm install @aws-sdk/client-dynamodb',
      error,
    )
  }
}

/** Whether this is the SDK's error with that name. */
export function isNamed(error: unknown, name: string): error is Error {
  return error instanceof Error && error.name === name
}

/** More than 400 KB for an item, or more than DynamoDB accepts as one request, value or name. */
const TOO_LARGE = /has exceeded the maximum allowed size|exceeds? (the )?max|too large/i

/** Converts the SDK's error to a `SessionError`. */
export function toStoreError(operation: string, error: unknown): SessionError {
  const cause = toQuiet(error)
  if (isNamed(error, 'ResourceNotFoundException')) {
    return new SessionError('ERR_STORE', 'dynamodb: the table does not exist. store.setup() creates it.', cause)
  }
  if (statusOf(error) === 413 || (isNamed(error, 'ValidationException') && TOO_LARGE.test(error.message))) {
    return new SessionError('ERR_DATA_TOO_LARGE', 'dynamodb: a session must fit into one item of 400 KB.', cause)
  }
  return new SessionError('ERR_STORE', `dynamodb: ${operation} failed.`, cause)
}

/** The SDK's error as it may stand in a log. A refused expression can be told with the paths in it, and keys of data are in those. */
export function toQuiet(error: unknown): Error {
  const cause = toQuietCause(error)
  if (isNamed(error, 'ValidationException')) cause.message = cause.message.split(/[:[]/, 1)[0] ?? ''
  return cause
}

function statusOf(error: unknown): number | undefined {
  const { $metadata }: { $metadata?: { httpStatusCode?: number } } = Object(error)
  return $metadata?.httpStatusCode
}
