import cluster from 'node:cluster'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SessionId } from '../../../src/core/contracts/record.ts'
import { lmdbStore } from '../../../src/stores/lmdb.ts'
import { aRecord, aTombstone } from '../records.ts'

/** A server of several processes, as `node:cluster` makes them: each opens the store for itself. */
const WORKERS = 3
const [path = ''] = process.argv.slice(2)

if (cluster.isPrimary) {
  let listening = 0
  cluster.on('listening', (_, { port }) => {
    listening++
    if (listening === WORKERS) console.log('port', port)
  })
  for (let i = 0; i < WORKERS; i++) cluster.fork()
} else {
  const store = lmdbStore({ path })
  const id = (url: URL): SessionId => url.searchParams.get('id') as SessionId

  const answer = async (url: URL): Promise<unknown> => {
    if (url.pathname === '/create') return store.create(aRecord({ id: id(url), userId: 'ada' }))
    if (url.pathname === '/read') return (await store.read(id(url)))?.kind
    if (url.pathname === '/end') return (await store.end(id(url), aTombstone(aRecord({ id: id(url) }))))?.kind ?? null
    if (url.pathname === '/list') return (await store.list('ada')).length
    for (;;) {
      const record = await store.read(id(url))
      if (record?.kind !== 'live') return null
      const text = record.data.count ?? null
      const set = { count: `${Number(text ?? 0) + 1}` }
      const written = await store.write(record.id, { set, expect: { key: 'count', text } })
      if (written.status === 'written') return set.count
    }
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    answer(url).then(
      (value) => response.end(JSON.stringify({ value, worker: process.pid })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  // A connection each, so that the cluster deals every request to the next worker.
  server.keepAliveTimeout = 1
  server.listen(0, () => void (server.address() as AddressInfo))
  process.on('disconnect', () => process.exit())
}
