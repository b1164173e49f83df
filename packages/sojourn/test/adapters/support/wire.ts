import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { HeaderChange } from 'sojourn'
import { HeldResponse } from '../../../src/adapters/_held-response.ts'
import type { Storing } from '../../../src/adapters/_storing.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface Wire {
  readonly port: number
  /** Sends text unchanged, and returns everything until the server closes the connection. */
  exchange(...requests: string[]): Promise<string>
  open(): Socket
  close(): void
}

/** A server for one handler, spoken to in bytes. */
export async function serveWire(handler: Handler): Promise<Wire> {
  const server: Server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = (): Socket => connect(port, '127.0.0.1').on('error', () => {})
  return {
    port,
    open,
    async exchange(...requests) {
      const socket = open()
      let received = ''
      socket.setEncoding('latin1').on('data', (text: string) => {
        received += text
      })
      socket.write(requests.join(''))
      await once(socket, 'close')
      return received.replace(/^date: .*\r\n/gim, '')
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
export const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/** An exchange whose answers the test gives. */
export interface Script {
  readonly exchange: Storing
  readonly calls: string[]
}

export function scripted(
  commit: () => ReturnType<Storing['commit']>,
  finish: () => ReturnType<Storing['finish']> = () => {},
  salvage: () => ReturnType<Storing['salvage']> = () => [],
): Script {
  const calls: string[] = []
  return {
    calls,
    exchange: {
      commit() {
        calls.push('commit')
        return commit()
      },
      finish() {
        calls.push('finish')
        return finish()
      },
      salvage,
    },
  }
}

export const COOKIE: HeaderChange = { name: 'Set-Cookie', value: 'session=t; HttpOnly', how: 'append' }
export const NO_STORE: HeaderChange = { name: 'cache-control', value: 'no-store', how: 'default' }
export const VARY: HeaderChange = { name: 'vary', value: 'Cookie', how: 'append' }

/** The handler on a response that is held back with this exchange. */
export function held(exchange: () => Storing, handler: Handler): Handler {
  return (request, response) => {
    new HeldResponse(response, exchange())
    return handler(request, response)
  }
}
