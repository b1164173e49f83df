import type { SessionId } from '../../core/contracts/record.ts'
import { isListed, type Listed } from '../kit/records.ts'
import { type Calls, type Item, isNamed } from './calls.ts'
import { number, recordKey, toFound, toSeconds } from './item.ts'

/**
 * The sessions of each user: items under a key of the user's own, beside the records. A global secondary index is eventually
 * consistent, so `revokeAll` would miss the session that a thief began a moment ago.
 */
export interface Users {
  /**
   * Lists the session at least until `listed`, in seconds. Called before the record is written, so that a list finds every
   * acknowledged session.
   */
  add(userId: string, id: SessionId, listed: number): Promise<void>
  remove(userId: string, id: SessionId): Promise<void>
  list(userId: string): Promise<Listed[]>
}

/** An entry outlives its record by this time, so that only one touch a day has to move the entry too. */
const SLACK_SECONDS = 24 * 60 * 60

export function listedUntil(expiresAt: number): number {
  return toSeconds(expiresAt) + SLACK_SECONDS
}

export function createUsers({ table, send }: Calls): Users {
  async function idsOf(key: string): Promise<SessionId[]> {
    const ids: SessionId[] = []
    let start: Item | undefined
    do {
      const page = await send('Query', {
        KeyConditionExpression: 'pk = :user',
        ExpressionAttributeValues: { ':user': { S: key } },
        ProjectionExpression: 'sk',
        ConsistentRead: true,
        ExclusiveStartKey: start,
      })
      for (const { sk } of page.Items ?? []) if (sk?.S !== undefined) ids.push(sk.S as SessionId)
      start = page.LastEvaluatedKey
    } while (start !== undefined)
    return ids
  }

  /** Reads at most 100 records. Asks again for those that DynamoDB left out. */
  async function recordsOf(ids: readonly SessionId[]): Promise<Item[]> {
    const found: Item[] = []
    let keys: Item[] = ids.map(recordKey)
    for (let pauseMs = 10; keys.length > 0; pauseMs *= 2) {
      if (pauseMs > MAX_PAUSE_MS)
        throw new Error('DynamoDB kept leaving keys of a batch unprocessed: it is throttling.')
      const { Responses = {}, UnprocessedKeys = {} } = await send('BatchGetItem', {
        RequestItems: { [table]: { Keys: keys, ConsistentRead: true } },
      })
      const items = Responses[table] ?? []
      found.push(...items)
      keys = UnprocessedKeys[table]?.Keys ?? []
      if (items.length === 0 && keys.length > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
      else pauseMs = 5
    }
    return found
  }

  return {
    async add(userId, id, listed) {
      try {
        await send('UpdateItem', {
          Key: { pk: { S: await toUserKey(userId) }, sk: { S: id } },
          UpdateExpression: 'SET #ttl = :listed',
          ConditionExpression: 'attribute_not_exists(#ttl) OR #ttl < :listed',
          ExpressionAttributeNames: { '#ttl': 'ttl' },
          ExpressionAttributeValues: { ':listed': number(listed) },
        })
      } catch (error) {
        // The entry is already kept for longer.
        if (!isNamed(error, 'ConditionalCheckFailedException')) throw error
      }
    },

    async remove(userId, id) {
      await send('DeleteItem', { Key: { pk: { S: await toUserKey(userId) }, sk: { S: id } } })
    },

    async list(userId) {
      const ids = await idsOf(await toUserKey(userId))
      const batches = Array.from({ length: Math.ceil(ids.length / 100) }, (_, i) => ids.slice(i * 100, (i + 1) * 100))
      const listed: Listed[] = []
      for (let at = 0; at < batches.length; at += BATCHES_AT_ONCE) {
        const found = await Promise.all(batches.slice(at, at + BATCHES_AT_ONCE).map(recordsOf))
        for (const value of found.flat().map(toFound)) if (isListed(value, userId)) listed.push(value)
      }
      // The entry has no live record: the session ended, expired, or is about to be created. DynamoDB deletes the entry in time.
      return listed
    },
  }
}

const MAX_PAUSE_MS = 2000

/** Batches of 100 sessions. A user with many sessions must not use up the client's connections (50 by default). */
const BATCHES_AT_ONCE = 8

/**
 * A hash, because a key is limited in length. Escaped as JSON first, because UTF-8 maps all lone surrogates to the same bytes.
 */
async function toUserKey(userId: string): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(userId))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `u#${Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
