import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { SessionError, type SessionErrorCode, type Store } from 'sojourn'
import { buildChild, startChild } from '../support/child.ts'

/** A store in a separate process. */
export interface RemoteStore extends Store {
  kill(): void
}

interface Reply {
  readonly n: number
  readonly answer?: never
  readonly code?: SessionErrorCode
}

/** @param args for children/store-server.ts: what kind of store, and where its data is */
export async function remoteStore(args: readonly string[], hasReadNow: boolean): Promise<RemoteStore> {
  const program = await buildChild(new URL('children/store-server.ts', import.meta.url))
  const child = startChild(program, args)
  const port = Number((await child.said('port ')).slice('port '.length))
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  let count = 0
  let isGone = false

  createInterface(socket).on('line', (line) => {
    const { n, answer, code } = JSON.parse(line) as Reply
    const call = waiting.get(n)
    waiting.delete(n)
    if (code === undefined) call?.resolve(answer as never)
    else call?.reject(new SessionError(code))
  })
  socket
    .on('error', () => undefined)
    .on('close', () => {
      isGone = true
      for (const { reject } of waiting.values()) reject(new Error('The process has gone.'))
      waiting.clear()
    })

  function ask(verb: string, ...args: readonly unknown[]): Promise<never> {
    return new Promise((resolve, reject) => {
      if (isGone) return reject(new Error('The process has gone.'))
      const n = count++
      waiting.set(n, { resolve, reject })
      socket.write(`${JSON.stringify({ n, verb, args })}\n`)
    })
  }

  return {
    name: 'remote',
    read: (id) => ask('read', id),
    ...(hasReadNow && { readNow: (id) => ask('readNow', id) }),
    create: (record) => ask('create', record),
    write: (id, change) => ask('write', id, change),
    end: (id, tombstone) => ask('end', id, tombstone),
    list: (userId) => ask('list', userId),
    kill: () => void child.process.kill('SIGKILL'),
    async close() {
      socket.destroy()
      await child.ended.catch(() => undefined)
    },
  }
}
