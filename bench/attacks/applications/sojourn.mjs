import express from 'express'
import { createSessions, memoryStore } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { startExpress } from '../serve.mjs'

/** @typedef {import('express').Request & { session: import('sojourn').Session<any> }} Request */

/** @type {import('../shop.mjs').Operations<Request>} */
const operations = {
  user: ({ session }) => session.userId,
  visit: ({ session }) => session.data.cart,
  fill({ session }) {
    session.data.cart = [...(session.data.cart ?? []), 'lamp']
  },
  login: ({ session }, user) => session.login(user),
  logout: ({ session }) => session.logout(),
  endOthers: ({ session }) => session.revokeOthers(),
}

/** Its defaults are also the careful configuration. @param {'default' | 'careful'} _kind */
export async function start(_kind) {
  const store = memoryStore()
  const sessions = createSessions({ store, warn: () => {} })
  const app = express()
  app.set('trust proxy', 1)
  app.use(expressSessions(sessions))
  const stored = async () => JSON.stringify(await store.scan?.(null, 100))
  return startExpress(app, operations, stored)
}
