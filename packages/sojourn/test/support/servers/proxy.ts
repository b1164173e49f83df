import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, and does to their connections what networks do. */
export interface Proxy {
  readonly port: number
  /** Cuts each connection at its next answer: the server has done what it was asked, and nobody hears of it. */
  cutReplies(): void
  /** The server gets the next request that has this in it; then the connection is cut in place of the answer. */
  loseReplyTo(request: RegExp): void
  /** Lets so many bytes of the next answer through, then cuts. */
  cutReplyAfter(bytes: number): void
  /** Takes everything, and passes nothing on. */
  stall(): void
  /** Ends every connection, and accepts no more. */
  refuse(): void
  /** Passes on again; what was stalled too. */
  heal(): void
  stop(): Promise<void>
}

type Mode =
  | { readonly kind: 'pass' | 'stall' | 'refuse' }
  | { readonly kind: 'cut'; readonly left: number }
  | { readonly kind: 'lose'; readonly request: RegExp }

const PASS: Mode = { kind: 'pass' }

/** `lost` hears of each reply that `loseReplyTo` took. */
export async function startProxy(target: number, lost: () => void = () => undefined): Promise<Proxy> {
  let mode: Mode = PASS
  const pairs = new Set<readonly [client: Socket, server: Socket]>()

  function end(pair: readonly [Socket, Socket]): void {
    for (const socket of pair) socket.destroy()
    pairs.delete(pair)
  }

  function hold(socket: Socket, isHeld: boolean): void {
    if (isHeld) socket.pause()
    else socket.resume()
  }

  const listener = createServer((client) => {
    if (mode.kind === 'refuse') return void client.destroy()
    const server = connect(target, '127.0.0.1')
    const pair = [client, server] as const
    pairs.add(pair)
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on('error', () => end(pair)).on('close', () => end(pair))
      hold(socket, mode.kind === 'stall')
    }
    let isLosing = false
    client.on('data', (bytes) => {
      server.write(bytes)
      if (mode.kind !== 'lose' || !mode.request.test(bytes.toString('latin1'))) return
      mode = PASS
      isLosing = true
      lost()
    })
    server.on('data', (bytes) => {
      if (isLosing) return end(pair)
      if (mode.kind !== 'cut') return void client.write(bytes)
      const part = bytes.subarray(0, mode.left)
      // Once is enough: the next connection is let through.
      mode = PASS
      client.end(part)
      server.destroy()
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))

  function set(next: Mode): void {
    mode = next
    for (const pair of pairs) {
      for (const socket of pair) hold(socket, next.kind === 'stall')
      if (next.kind === 'refuse') end(pair)
    }
  }

  return {
    port: (listener.address() as AddressInfo).port,
    cutReplies: () => set({ kind: 'cut', left: 0 }),
    loseReplyTo: (request) => set({ kind: 'lose', request }),
    cutReplyAfter: (left) => set({ kind: 'cut', left }),
    stall: () => set({ kind: 'stall' }),
    refuse: () => set({ kind: 'refuse' }),
    heal: () => set(PASS),
    stop: () => {
      set({ kind: 'refuse' })
      return new Promise((resolve) => listener.close(() => resolve()))
    },
  }
}
