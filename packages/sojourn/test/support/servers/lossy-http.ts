import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

type IsMeant = (headers: Readonly<Record<string, unknown>>, body: string) => boolean

/** Stands between an HTTP client and a server, and loses answers. */
export interface LossyHttp {
  readonly port: number
  /** How many requests came through, those whose answer was lost too. */
  readonly requests: number
  /** The server does the next request of which this is true, then this is done, and the connection breaks before the answer. */
  loseNext(isMeant: IsMeant, meanwhile?: () => Promise<unknown>): void
  stop(): Promise<void>
}

export async function startLossyHttp(target: number): Promise<LossyHttp> {
  let isMeant: IsMeant | null = null
  let during: (() => Promise<unknown>) | undefined
  let requests = 0
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    requests++
    const isLost = isMeant?.(incoming.headers, body.toString()) === true
    if (isLost) isMeant = null
    const { method, url, headers } = incoming
    const onward = request({ port: target, host: '127.0.0.1', method, path: url, headers }, (answer) => {
      if (isLost) {
        answer.resume().on('end', async () => {
          await during?.()
          incoming.socket.destroy()
        })
        return
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => incoming.socket.destroy())
    onward.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests
    },
    loseNext(next, meanwhile) {
      isMeant = next
      during = meanwhile
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
