import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NewDeviceMail } from 'sojourn/guards/new-device'
import { storeFrom } from 'sojourn/stores/url'
import { createShop } from './app.ts'
import { mailNewDevices } from './mail.ts'
import { type OpenShop, openShop } from './open-shop.ts'
import { openSessions } from './sessions.ts'
import { welcome } from './welcome.ts'

const { PORT, HOST = '127.0.0.1', SHOP_DATA, SHOP_ORIGIN, SOJOURN_STORE } = process.env
const folder = SHOP_DATA ?? fileURLToPath(new URL('../data', import.meta.url))

const store = await storeFrom(SOJOURN_STORE ?? `lmdb:${join(folder, 'sessions')}`)
await store.setup?.()
const server = await listen(createServer())
const url = `http://localhost:${(server.address() as AddressInfo).port}`
const newDevices = mailNewDevices(() => shop.users, { origin: SHOP_ORIGIN ?? url, folder, send: print })
const shop: OpenShop = await openShop(folder, openSessions(store, { newDevices }), { origin: SHOP_ORIGIN, newDevices })
server.on('request', createShop(shop))
console.log(welcome(url, { folder, store: store.name, pid: process.pid }))

process.once('SIGINT', close)
process.once('SIGTERM', close)

/** The port that was asked for; without a wish 3000, or any free one when that is taken. */
async function listen(server: Server): Promise<Server> {
  try {
    await once(server.listen(Number(PORT ?? 3000), HOST), 'listening')
  } catch (error) {
    if (PORT !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    console.log('Port 3000 is taken, so the shop opens on another one.')
    await once(server.listen(0, HOST), 'listening')
  }
  return server
}

/** This shop sends no mail. It shows what it would send. */
function print(to: string, { subject, text }: NewDeviceMail): void {
  console.log(`\n  A mail to ${to}: ${subject}\n\n${text.replace(/^/gm, '  | ')}`)
}

async function close(): Promise<void> {
  server.close()
  server.closeAllConnections()
  await shop.close()
}
