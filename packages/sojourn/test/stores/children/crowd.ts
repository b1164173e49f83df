import type { SessionId } from '../../../src/core/contracts/record.ts'
import { aRecord, aTombstone } from '../records.ts'
import { openStore } from './open.ts'

/** One of several processes at work on the same session and the same user at once. */
const [path = '', name = '', shared = ''] = process.argv.slice(2)
const id = shared as SessionId
const store = openStore(path)

async function add(): Promise<void> {
  for (;;) {
    const record = await store.read(id)
    if (record?.kind !== 'live') throw new Error('the shared session is gone')
    const text = record.data.count ?? null
    const set = { count: `${Number(text ?? 0) + 1}` }
    const written = await store.write(id, { set, expect: { key: 'count', text } })
    if (written.status === 'written') return
  }
}

async function visit(index: number): Promise<void> {
  const record = aRecord({ userId: 'ada' })
  await store.create(record)
  if (index % 3 === 0) await store.end(record.id, aTombstone(record))
}

await Promise.all(
  Array.from({ length: 30 }, async (_, index) => {
    await Promise.all([store.write(id, { set: { [`${name}-${index}`]: '1' } }), add(), visit(index)])
  }),
)
await store.close()
