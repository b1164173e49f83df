/** Compiled beside each set of peers, never run: the clients and frameworks of an application fit our types. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createClient as createLibsql } from '@libsql/client'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { Redis as Ioredis } from 'ioredis'
import { Redis as Iovalkey } from 'iovalkey'
import Koa from 'koa'
import { createPool } from 'mysql2'
import { createPool as createPromisePool } from 'mysql2/promise'
import pg from 'pg'
import postgres from 'postgres'
import { createClient, createCluster } from 'redis'
import { createSessions, memoryStore } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { deviceBound } from 'sojourn/guards/device-bound'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { SessionsModule } from 'sojourn/nestjs'
import { dynamodbStore } from 'sojourn/stores/dynamodb'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { mysqlStore } from 'sojourn/stores/mysql'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { telemetry } from 'sojourn/telemetry'

const url = ''

export const stores = [
  memoryStore(),
  lmdbStore({ path: url }),
  redisStore({ client: createClient() }),
  redisStore({ client: createCluster({ rootNodes: [] }) }),
  redisStore({ client: new Ioredis() }),
  redisStore({ client: new Iovalkey() }),
  postgresStore({ client: new pg.Pool() }),
  postgresStore({ client: postgres(url) }),
  mysqlStore({ client: createPool({ uri: url }) }),
  mysqlStore({ client: createPromisePool({ uri: url }) }),
  dynamodbStore({ client: new DynamoDBClient({}), table: url }),
  sqliteStore({ client: createLibsql({ url }) }),
]

const sessions = telemetry(createSessions<{ cart?: string[] }>({ guards: [deviceBound()] }))

const app = express()
app.use(expressSessions(sessions))
app.get('/', (req, res) => {
  res.json([req.session.userId, sessions.get(req).data.cart])
})

const fastify = Fastify()
fastify.register(fastifySessions, { sessions })
fastify.get('/', async (request) => [request.session.userId, sessions.get(request).data.cart])

const hono = new Hono()
hono.use(honoSessions(sessions))
hono.get('/', (c) => c.json([sessions.get(c).userId, sessions.get(c).data.cart]))

const koa = new Koa()
koa.use(koaSessions(sessions))
koa.use((ctx) => {
  ctx.body = [ctx.session.userId, sessions.get(ctx).data.cart]
})

SessionsModule.forRoot({ sessions })
