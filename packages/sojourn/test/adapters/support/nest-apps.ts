import 'reflect-metadata'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DynamicModule, type INestApplication, Module, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'

export type Platform = 'Express' | 'Fastify'

/** How the platform writes that a route takes every path. */
export const EVERY_PATH: Readonly<Record<Platform, string>> = { Express: '{*path}', Fastify: '*' }

export interface NestServer {
  readonly app: INestApplication
  readonly origin: string
  close(): Promise<void>
}

/** A Nest application that listens. Errors while it starts are thrown. */
export async function startNest(
  platform: Platform,
  imports: readonly DynamicModule[],
  controllers: readonly Type[],
  prepare: (app: INestApplication) => unknown = () => {},
  providers: readonly Type[] = [],
): Promise<NestServer> {
  class AppModule {}
  Module({ imports: [...imports], controllers: [...controllers], providers: [...providers] })(AppModule)
  const adapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter({ forceCloseConnections: true })
  const app = await NestFactory.create(AppModule, adapter as ExpressAdapter, { logger: false, abortOnError: false })
  try {
    await prepare(app)
    await app.listen(0, '127.0.0.1')
  } catch (error) {
    await app.close()
    throw error
  }
  const server: Server = app.getHttpServer()
  return {
    app,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await app.close()
    },
  }
}
