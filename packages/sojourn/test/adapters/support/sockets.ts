import { once } from 'node:events'
import { WebSocket } from 'ws'

/** The result of an attempt to open a WebSocket, and the server's first message. */
export type Outcome = string | number

const HOST = 'www.shop.example'

/** The pages from which a handshake may come, as browsers tell, and a client that is no browser. */
export const PAGES = {
  own: { origin: `https://${HOST}`, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'websocket' },
  'own, without Fetch Metadata': { origin: `https://${HOST}` },
  sibling: { origin: 'https://evil.shop.example', 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'websocket' },
  'sibling, without Fetch Metadata': { origin: 'https://evil.shop.example' },
  stranger: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'websocket' },
  'no browser': {},
} satisfies Record<string, Readonly<Record<string, string>>>

/** The contract of a server whose sockets greet the session's user. */
export const OUTCOMES: Readonly<Record<keyof typeof PAGES, Outcome>> = {
  own: 'hello ada',
  'own, without Fetch Metadata': 'hello ada',
  sibling: 403,
  'sibling, without Fetch Metadata': 403,
  stranger: 403,
  'no browser': 'hello ada',
}

/** Opens a socket with the user's cookie from each of the pages; answers with its first message, or the refusal's status. */
export async function openFromPages(url: string, cookie: string): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {}
  for (const [page, headers] of Object.entries(PAGES)) outcomes[page] = await openSocket(url, { ...headers, cookie })
  return outcomes
}

async function openSocket(url: string, headers: Readonly<Record<string, string>>): Promise<Outcome> {
  const socket = new WebSocket(url, { headers: { host: HOST, ...headers } })
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      socket.once('message', (data) => resolve(String(data)))
      socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
      socket.once('error', reject)
    })
  } finally {
    socket.on('error', () => {})
    if (socket.readyState === WebSocket.OPEN) {
      socket.close()
      await once(socket, 'close')
    } else socket.terminate()
  }
}
