import '../support/next-globals.ts'
import { createServer } from 'node:http'
import type { Session } from 'sojourn'
import * as adapter from 'sojourn/next'
import { afterAll, beforeAll } from 'vitest'
import { type NextServer, startNext } from '../support/next-server.ts'
import { listen } from '../support/node-reply.ts'
import { WEB_ACTS } from './acts.ts'
import { testColumn } from './cells.ts'
import type { Column } from './column.ts'

let next: NextServer

beforeAll(async () => {
  next = await startNext()
}, 300_000)
afterAll(() => next.close())

/** A process can have one Next.js. Each setting has its own port, which says whose request it is. */
const serve: Column['serve'] = ({ sessions, begin, act, aside }) => {
  const handle = async (session: Session<Record<string, unknown>> | null): Promise<Response> => {
    await (session === null ? null : begin(session))
    return WEB_ACTS[act()]?.({
      ...aside(),
      edit: () => void Object.assign(session?.data ?? {}, { edited: 1 }),
    }) as Response
  }
  const bare = { ...adapter, withSession: () => () => handle(null) }
  const mine = { ...(sessions === null ? { next: bare } : { next: adapter, sessions }), handle }
  return listen(
    createServer((request, response) => {
      Object.assign(next.shared, mine)
      next.handle(request, response)
    }),
  )
}

testColumn({
  name: 'Next.js',
  // Next.js makes its error page outside of every function around the handler.
  acts: () => Object.keys(WEB_ACTS).filter((name) => name !== 'throw before the answer'),
  layers: ['none'],
  isHttp2: false,
  serve,
})
