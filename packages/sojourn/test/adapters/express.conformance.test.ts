import { createServer } from 'node:http'
import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import express from 'express'
import express4 from 'express4'
import { expressSessions } from 'sojourn/express'
import { testCases } from '../support/run-cases.ts'
import { listen, writeReply } from './support/node-reply.ts'

function serveOn(createApp: typeof express): AdapterContext['serve'] {
  return (sessions, handle) => {
    const app = createApp()
    app.set('env', 'test')
    app.use(expressSessions(sessions))
    app.use((request, response, next) => {
      Promise.resolve(handle(sessions.get(request), { method: request.method, url: request.originalUrl }))
        .then((reply) => writeReply(response, reply))
        .catch(next)
    })
    return listen(createServer(app))
  }
}

testCases('Express 5', adapterCases, { serve: serveOn(express), errorPages: true })
testCases('Express 4', adapterCases, { serve: serveOn(express4), errorPages: true })
