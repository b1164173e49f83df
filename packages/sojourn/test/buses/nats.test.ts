import { connect, type NatsConnection } from '@nats-io/transport-node'
import { natsBus } from 'sojourn/buses/nats'
import { type NatsServer, startNats } from '../support/servers/nats.ts'
import { type BusServer, testBus } from './bus-tests.ts'

async function start(): Promise<BusServer> {
  const server: NatsServer = await startNats()
  const connections: NatsConnection[] = []
  const newConnection = async (): Promise<NatsConnection> => {
    const options = { maxReconnectAttempts: -1, reconnectTimeWait: 50 }
    const connection = await connect({ servers: `127.0.0.1:${server.port}`, ...options })
    connections.push(connection)
    return connection
  }
  return {
    server,
    restart: () => server.restart(),
    newBus: async () => natsBus({ connection: await newConnection() }),
    async shout(message) {
      const connection = await newConnection()
      connection.publish('sojourn', message)
      await connection.flush()
    },
    async closeClients() {
      await Promise.all(connections.splice(0).map((connection) => connection.close()))
    },
  }
}

testBus('nats bus', start)
