import type * as Sdk from '@aws-sdk/client-dynamodb'
import { SessionError } from '../../core/errors.ts'

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

/** The calls of DynamoDB that the store makes, all on its one table. */
export interface Calls {
  readonly table: string
  /** Rejects with the SDK's own error. */
  send<Name extends keyof Operations>(name: Name, input: Input<Name>): Promise<Operations[Name][1]>
  close(): void
}

export interface ClientOptions {
  readonly client: { send(command: never): Promise<unknown> } | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly table: string
}

/** The SDK is imported by the first call. A client is made when none was given, and then closed by us. */
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
    async send<Name extends keyof Operations>(name: Name, input: Input<Name>) {
      sdk ??= importSdk()
      const module = await sdk
      const Command = module[`${name}Command`] as unknown as new (input: object) => never
      // The SDK tries again by itself, with growing pauses and a bound, when DynamoDB throttles.
      return (await clientOf(module).send(new Command({ ...input, TableName: table }))) as Operations[Name][1]
    },
    close: () => own?.destroy(),
  }
}

async function importSdk(): Promise<typeof Sdk> {
  try {
    return await import('@aws-sdk/client-dynamodb')
  } catch (error) {
    throw new SessionError('ERR_OPTION', 'dynamodbStore needs the package @aws-sdk/client-dynamodb.', error)
  }
}

/** Whether this is the SDK's error of that name. */
export function isNamed(error: unknown, name: string): error is Error {
  return error instanceof Error && error.name === name
}

/** The SDK's error as ours. Ours pass as they are. */
export function toStoreError(operation: string, cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause
  if (isNamed(cause, 'ResourceNotFoundException')) {
    return new SessionError('ERR_STORE', 'dynamodb: the table is not there. store.setup() creates it.', cause)
  }
  if (isNamed(cause, 'ValidationException') && /item size/i.test(cause.message)) {
    return new SessionError('ERR_STORE', 'dynamodb: a session must fit into one item of 400 KB.', cause)
  }
  return new SessionError('ERR_STORE', `dynamodb: ${operation} failed.`, cause)
}
