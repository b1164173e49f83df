import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { SessionId } from '../../../src/core/contracts/record.ts'
import { lmdbStore } from '../../../src/stores/lmdb.ts'
import { aRecord, aTombstone } from '../records.ts'

/** Ends a session when one file appears, and makes another when that is acknowledged. */
const [path = '', id = '', go = '', done = ''] = process.argv.slice(2)
const store = lmdbStore({ path })
const record = aRecord({ id: id as SessionId })
console.log('ready', (await store.read(record.id))?.kind)
while (!existsSync(go)) await setTimeout(1)
const ended = await store.end(record.id, aTombstone(record))
writeFileSync(done, ended === null ? 'nothing' : 'ended')
await store.close()
