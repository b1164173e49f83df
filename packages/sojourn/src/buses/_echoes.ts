import { SessionError } from '../core/contracts/errors.ts'

/** Answers that come by number over a channel of one's own: what was sent before them has arrived when they do. */
export interface Echoes {
  /** Resolves when `heard` is called with what `send` was given. */
  ask(send: (text: string) => Promise<unknown>): Promise<void>
  heard(text: unknown): void
}

export function createEchoes(): Echoes {
  const waiting = new Map<string, () => void>()
  let count = 0
  /** What a connection that is down has queued already is enough. */
  let isSending = false
  return {
    async ask(send) {
      if (isSending) throw new SessionError('ERR_STORE', 'The bus does not take messages.')
      const text = `${count++}`
      // Questions that were never answered are nobody's any more.
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
