import { writeSync } from 'node:fs'
import { aRecord, aTombstone } from '../records.ts'
import { openStore } from './open.ts'

/** Starts, changes and ends sessions until it is killed, and prints each action after the store acknowledged it. */
const [path = '', userId = ''] = process.argv.slice(2)
const store = openStore(path)
const LANES = 16

/** Straight to the pipe: what was said is out, whatever happens to the process next. */
function say(...words: (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`)
}

async function live(lane: number): Promise<void> {
  for (let turn = 0; ; turn++) {
    const record = aRecord({ userId, data: { filler: 'x'.repeat((lane * 100) % 3000) } })
    await store.create(record)
    say('created', record.id)
    for (let n = 1; n <= 2; n++) {
      await store.write(record.id, { set: { n: `${n}` } })
      say('set', record.id, n)
    }
    const seen = { at: record.lastSeenAt + 1, expiresAt: record.expiresAt + turn }
    await store.write(record.id, { version: 0, nextVersion: 3, head: record.head, seen })
    say('head', record.id, 1)
    if (turn % 2 === 0) {
      await store.end(record.id, aTombstone(record))
      say('ended', record.id)
    }
  }
}

await Promise.all(Array.from({ length: LANES }, (_, lane) => live(lane)))
