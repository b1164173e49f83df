import type { AttributeValue, PutItemCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import { type Calls, type Item, isNamed, toQuiet } from './calls.ts'
import { recordKey } from './item.ts'
import { UnansweredError } from './sent-once.ts'

/*
 * When an answer is lost the SDK sends the same request again by itself, and the condition of the second copy meets what the first one
 * did. So each write leaves a mark of its own in the item: what bears this mark is no other writer's doing.
 */
export type Mark = AttributeValue.SMember

export function newMark(): Mark {
  return { S: crypto.randomUUID() }
}

/** A write that was refused, or of which no answer came. */
export interface Refused {
  /** What is there now. */
  readonly item: Item | null
  /** Its last writer was this very call: the write was done, and the answer lost. */
  readonly isOwn: boolean
  /** The write may have been done before the last writer came. */
  readonly isInDoubt: boolean
}

export type Put = Pick<
  PutItemCommandInput,
  'Item' | 'ConditionExpression' | 'ExpressionAttributeValues' | 'ReturnValues'
>
export type Update = Omit<UpdateItemCommandInput, 'TableName' | 'Key'>

/** `refused` is `null` when it was written; then `before` is what `ReturnValues` asked for. */
export async function put(calls: Calls, id: SessionId, mark: Mark, input: Put): Promise<Outcome> {
  const work = { ...input, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
  return attempt(calls, id, mark, async () => (await calls.send('PutItem', work)).Attributes)
}

/** `isOnce`: not sent again when it may have been done, for a condition can become true once more. */
export async function update(
  calls: Calls,
  id: SessionId,
  mark: Mark,
  input: Update,
  isOnce: boolean,
): Promise<Refused | null> {
  const work = { ...input, Key: recordKey(id), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
  const { refused } = await attempt(
    calls,
    id,
    mark,
    async () => (await calls.send('UpdateItem', work, isOnce)).Attributes,
  )
  return refused
}

export interface Outcome {
  readonly before?: Item | undefined
  readonly refused: Refused | null
}

async function attempt(
  calls: Calls,
  id: SessionId,
  mark: Mark,
  write: () => Promise<Item | undefined>,
): Promise<Outcome> {
  try {
    return { before: await write(), refused: null }
  } catch (error) {
    const isUnanswered = error instanceof UnansweredError
    if (!isUnanswered && !isNamed(error, 'ConditionalCheckFailedException')) throw error
    const { Item, $metadata } = error as Error & { Item?: Item; $metadata?: { attempts?: number } }
    const item = Item ?? (await find(calls, id))
    const isOwn = item?.mark?.S === mark.S
    const refused = { item, isOwn, isInDoubt: isUnanswered || ($metadata?.attempts ?? 1) > 1 }
    if (isUnanswered && !isOwn) throw unknown(error.cause)
    return { refused }
  }
}

export async function find({ send }: Calls, id: SessionId): Promise<Item | null> {
  const { Item } = await send('GetItem', { Key: recordKey(id), ConsistentRead: true })
  return Item ?? null
}

export function unknown(cause?: unknown): SessionError {
  const detail = 'dynamodb: an answer was lost, and whether this was done is not known.'
  return new SessionError('ERR_STORE', detail, cause === undefined ? undefined : toQuiet(cause))
}
