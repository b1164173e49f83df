import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import Koa from 'koa'
import { koaSessions } from 'sojourn/koa'
import { testCases } from '../support/run-cases.ts'
import { listen, toHeaderMap, writeReply } from './support/node-reply.ts'

/** Replies as Koa's users write them, or by hand on node's own response. */
function serveOn(how: 'body' | 'by hand'): AdapterContext['serve'] {
  return (sessions, handle) => {
    const app = new Koa()
    app.silent = true
    app.use(koaSessions(sessions))
    app.use(async (ctx) => {
      const answer = await handle(sessions.get(ctx), { method: ctx.method, url: ctx.url })
      if (how === 'by hand') {
        ctx.respond = false
        await writeReply(ctx.res, answer)
        return
      }
      const { status = 200, headers = [], body } = answer
      ctx.status = status
      for (const [name, value] of toHeaderMap(headers)) ctx.set(name, value)
      // Without a body, Koa would send the status as text.
      ctx.body = typeof body === 'object' ? Readable.from(body) : (body ?? '')
    })
    return listen(createServer(app.callback()))
  }
}

testCases('Koa 3', adapterCases, { serve: serveOn('body'), errorPages: true })
testCases('Koa 3, by hand', adapterCases, { serve: serveOn('by hand'), errorPages: true })
