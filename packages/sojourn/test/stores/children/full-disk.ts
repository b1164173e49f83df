import { setTimeout } from 'node:timers/promises'
import { SessionError } from '../../../src/core/contracts/errors.ts'
import { lmdbStore } from '../../../src/stores/lmdb.ts'
import { aRecord, aTombstone } from '../records.ts'

/** Writes until the disk takes no more, then tells what came of it. Started with a limit on the size of files. */
const [path = ''] = process.argv.slice(2)
const store = lmdbStore({ path })
const first = aRecord({ userId: 'ada' })
await store.create(first)

let failure: unknown
let count = 0
while (failure === undefined && count < 10_000) {
  const records = Array.from({ length: 20 }, () => aRecord({ data: { filler: 'x'.repeat(5000) } }))
  const answers = await Promise.allSettled(records.map((record) => store.create(record)))
  count += answers.filter(({ status }) => status === 'fulfilled').length
  failure = answers.find((answer) => answer.status === 'rejected')?.reason
}
// A rejection that nobody holds ends the process in the turns after.
await setTimeout(50)
const code = failure instanceof SessionError ? failure.code : String(failure)
const cause = failure instanceof SessionError && failure.cause instanceof Error ? failure.cause.message : ''
const ended = await Promise.resolve(store.end(first.id, aTombstone(first))).then(
  (record) => record?.id === first.id,
  (error: unknown) => `${error} ${error instanceof Error ? error.cause : ''}`,
)
const read = (await store.read(first.id))?.id === first.id
const sweptAll = (await store.sweep?.(first.expiresAt, 1_000_000)) === count + 1
const again = await store.create(aRecord())
console.log('told', JSON.stringify({ code, cause, ended, read, sweptAll, again }))
await store.close()
