import { SessionError } from '../core/contracts/errors.ts'

/**
 * Numbered messages that a node sends to itself over its own channel. When one arrives, everything that was sent before it has
 * arrived.
 */
export interface Echoes {
  /** Resolves when `heard` is called with the text that `send` was given. */
  ask(send: (text: string) => Promise<unknown>): Promise<void>
  heard(text: unknown): void
}

export function createEchoes(): Echoes {
  const waiting = new Map<string, () => void>()
  let count = 0
  /** One send at a time: a connection that is down has queued that one already. */
  let isSending = false
  return {
    async ask(send) {
      if (isSending)
        throw new SessionError(
          'ERR_STORE',
          'The bus does not accept messages: an earlier one is still being sent. Check the connection to its server.',
        )
      const text = `${count++}`
      // Questions that were never answered have timed out.
      if (waiting.size > 8) waiting.clear()
      const echo = new Promise<void>((resolve) => waiting.set(text, resolve))
      isSending = true
      try {
        await send(text)
      } finally {
        isSending = false
      }
      await echo
    },
    heard(text) {
      const resolve = typeof text === 'string' ? waiting.get(text) : undefined
      if (resolve === undefined) return
      waiting.delete(text as string)
      resolve()
    },
  }
}
