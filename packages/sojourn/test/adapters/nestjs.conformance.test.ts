import { Readable } from 'node:stream'
import { All, Controller, Req, Res } from '@nestjs/common'
import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import type { Response as ExpressResponse } from 'express'
import type { FastifyReply } from 'fastify'
import type { Session } from 'sojourn'
import { CurrentSession, SessionsModule } from 'sojourn/nestjs'
import { testCases } from '../support/run-cases.ts'
import { EVERY_PATH, type Platform, startNest } from './support/nest-apps.ts'
import { toHeaderMap, writeReply } from './support/node-reply.ts'

type Handle = Parameters<AdapterContext['serve']>[1]

function serveOn(platform: Platform): AdapterContext['serve'] {
  return (sessions, handle) => {
    const controller = platform === 'Express' ? onExpress(handle) : onFastify(handle)
    return startNest(platform, [SessionsModule.forRoot({ sessions })], [controller])
  }
}

function onExpress(handle: Handle) {
  @Controller()
  class Everything {
    @All(EVERY_PATH.Express)
    async answer(
      @CurrentSession() session: Session<never>,
      @Req() { method, url }: { method: string; url: string },
      @Res() response: ExpressResponse,
    ): Promise<void> {
      await writeReply(response, await handle(session, { method, url }))
    }
  }
  return Everything
}

function onFastify(handle: Handle) {
  @Controller()
  class Everything {
    @All(EVERY_PATH.Fastify)
    async answer(
      @CurrentSession() session: Session<never>,
      @Req() { method, url }: { method: string; url: string },
      @Res() reply: FastifyReply,
    ): Promise<void> {
      const { status = 200, headers = [], body } = await handle(session, { method, url })
      reply.code(status)
      for (const [name, value] of toHeaderMap(headers)) reply.header(name, value)
      reply.send(body === undefined || typeof body === 'string' ? body : Readable.from(body))
    }
  }
  return Everything
}

testCases('NestJS on Express', adapterCases, { serve: serveOn('Express'), errorPages: true })
testCases('NestJS on Fastify', adapterCases, { serve: serveOn('Fastify'), errorPages: true })
