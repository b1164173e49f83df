import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { createSessions } from 'sojourn'
import { afterAll, describe, expect, test } from 'vitest'
import { dynamodbStore } from '../../src/stores/dynamodb.ts'
import { createClient } from '../core/kit.ts'
import { startDynalite } from '../support/servers/dynalite.ts'
import { type LossyHttp, startLossyHttp } from '../support/servers/lossy-http.ts'
import { type LossyStore, lostAnswerCases } from './lost-answers.ts'
import { aRecord, aTombstone, NOW } from './records.ts'

const server = await startDynalite()
const proxy: LossyHttp = await startLossyHttp(server.port)
afterAll(async () => {
  await proxy.stop()
  await server.stop()
})

/** A write of a record, not of an entry in a user's list. */
function isRecordWrite(headers: Readonly<Record<string, unknown>>, body: string): boolean {
  return /\.(PutItem|UpdateItem)$/.test(String(headers['x-amz-target'])) && body.includes('"s#')
}

const WRITTEN = { status: 'written' }

let tables = 0
async function openLossy(config: DynamoDBClientConfig = {}): Promise<LossyStore> {
  const table = `resends-${tables++}`
  const straight = dynamodbStore({ client: server.client(), table })
  await straight.setup?.()
  const client = server.client({ endpoint: `http://127.0.0.1:${proxy.port}`, ...config })
  return {
    store: dynamodbStore({ client, table }),
    straight,
    loseNext: () => proxy.loseNext(isRecordWrite),
  }
}

describe.each([
  ['as it comes, which sends three times', {}],
  ['that sends once', { maxAttempts: 1 }],
])('an SDK %s, and an answer that is lost [2 No lost update]', (_, config) => {
  test.each(lostAnswerCases.map((one) => [one.name, one] as const))('%s', async (_name, { run }) => {
    await run(await openLossy(config))
  })
})

describe('with the tries of the SDK', () => {
  test('an effect of its own first copy is reported as done: update, create, head and large change', async () => {
    const { store, straight, loseNext } = await openLossy()
    const record = aRecord({ userId: 'ada', data: { n: '0' } })
    loseNext()
    expect(await store.create(record)).toBe(true)
    loseNext()
    expect(await store.write(record.id, { set: { n: '1' }, expect: { key: 'n', text: '0' } })).toEqual(WRITTEN)
    loseNext()
    expect(await store.write(record.id, { version: 0, nextVersion: 1, head: aRecord().head })).toEqual(WRITTEN)
    const set = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`k${index}`, '1']))
    loseNext()
    expect(await store.write(record.id, { set })).toEqual(WRITTEN)
    expect(await straight.read(record.id)).toMatchObject({ version: 1, data: { n: '1', ...set } })
  })

  test('an expected text that somebody else brings back in between is not replaced twice', async () => {
    const { store, straight } = await openLossy()
    const record = aRecord({ data: { n: '100' } })
    await store.create(record)
    const back = { set: { n: '100' }, expect: { key: 'n', text: '90' } }
    proxy.loseNext(isRecordWrite, async () => expect(await straight.write(record.id, back)).toMatchObject(WRITTEN))
    const written = Promise.resolve(store.write(record.id, { set: { n: '90' }, expect: { key: 'n', text: '100' } }))
    await expect(written).rejects.toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('not known') })
    expect(await straight.read(record.id), "the other's change stands").toMatchObject({ data: { n: '100' } })
  })

  test('a conflict with a writer between the copies is a fault, because it may be a conflict with the first copy', async () => {
    const { store, straight } = await openLossy()
    const record = aRecord()
    await store.create(record)
    const other = { set: { a: '1' } }
    proxy.loseNext(isRecordWrite, async () => expect(await straight.write(record.id, other)).toMatchObject(WRITTEN))
    const written = Promise.resolve(store.write(record.id, { version: 0, nextVersion: 1, head: aRecord().head }))
    await expect(written).rejects.toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('not known') })
  })

  test('a session that another request ended is no end of ours, however often the request was sent', async () => {
    const { store, straight } = await openLossy()
    const record = aRecord()
    await store.create(record)
    await straight.end(record.id, aTombstone(record))
    proxy.loseNext(isRecordWrite)
    expect(await store.end(record.id, aTombstone(record))).toBeNull()
  })

  test('an update that cannot know its outcome fails as a fault, and is not counted twice', async () => {
    const { store, loseNext } = await openLossy({ maxAttempts: 1 })
    const sessions = createSessions<{ n?: number }>({ store, clock: () => NOW })
    const client = createClient(sessions)
    await client.send(async (session) => {
      await session.login('ada')
      await session.update('n', () => 0)
    })
    let calls = 0
    loseNext()
    await client
      .send((session) =>
        session.update('n', (n) => {
          calls++
          return Number(n) + 1
        }),
      )
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'ERR_STORE' }))
    expect(calls).toBe(1)
    expect((await client.send((session) => session.data.n)).value).toBe(1)
  })
})
