import { readFileSync } from 'node:fs'
import { createSessions } from '../../../src/index.ts'
import { outboxStore, sharedSignalsTransmitter } from '../../../src/signals/shared-signals.ts'
import { lmdbStore } from '../../../src/stores/lmdb.ts'

/** Ends a session, and is killed at a moment between its end and the message. Arguments: the store, the key's file, the issuer, the moment. */
const [path = '', keyFile = '', issuer = '', moment = ''] = process.argv.slice(2)
const die = (): never => {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('unreachable')
}

const lmdb = lmdbStore({ path })
const inner = {
  ...lmdb,
  read: lmdb.read.bind(lmdb),
  create: lmdb.create.bind(lmdb),
  list: lmdb.list.bind(lmdb),
  close: lmdb.close.bind(lmdb),
  async write(...args: Parameters<typeof lmdb.write>) {
    const texts = Object.values(args[1].set ?? {})
    const isEvent = texts.some((text) => text.includes('session-revoked'))
    if (isEvent && moment === 'before the event') die()
    const written = await lmdb.write(...args)
    if (isEvent && moment === 'after the event') die()
    return written
  },
  async end(...args: Parameters<typeof lmdb.end>) {
    if (moment === 'before the end') die()
    const last = await lmdb.end(...args)
    if (moment === 'after the end') die()
    return last
  },
}
const sessions = createSessions({ store: outboxStore(inner), warn: () => undefined })
await sessions.setup()
sharedSignalsTransmitter(sessions, {
  issuer,
  keys: [JSON.parse(readFileSync(keyFile, 'utf8'))],
  receivers: [{ id: 'shop', audience: 'https://shop.example', token: 'a-token-of-the-shop-for-this-server' }],
  insecureHttp: true,
  interval: '1h',
})
const [{ id } = { id: '' }] = await sessions.list('ada')
await sessions.revoke(id)
