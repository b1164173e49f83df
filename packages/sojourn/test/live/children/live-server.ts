import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { withNodeSession } from '../../../src/adapters/node.ts'
import { redisBus } from '../../../src/buses/redis.ts'
import { createSessions } from '../../../src/index.ts'
import { liveWebSockets } from '../../../src/live/ws.ts'
import { nearCache } from '../../../src/stores/around/near-cache.ts'
import { redisStore } from '../../../src/stores/redis.ts'

/** One server of a cluster: `node live-server.mjs <URL of the store> <URL of the bus>`. */
const [store = '', bus = ''] = process.argv.slice(2)
const sessions = createSessions({ store: nearCache(redisStore({ url: store }), { bus: redisBus({ url: bus }) }) })
sessions.on('store', ({ kind }) => console.log(`store ${kind}`))
await sessions.setup()

const server = createServer(
  withNodeSession(sessions, async (request, response, session) => {
    if (request.url === '/login') await session.login('ada')
    if (request.url === '/logout') await session.logout()
    response.end(session.userId ?? 'nobody')
  }),
)
const sockets = liveWebSockets(sessions, { server })
sockets.on('connection', (socket, session) => socket.send(`hello ${session.userId}`))
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`))
