import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** Called on Ctrl-C while a question waits. The terminal is back to normal by then. */
  readonly interrupted: () => void
}

/** Asks one question. `null`: the input has ended (Ctrl-D). */
export function askAt(
  { input, output, interrupted }: Terminal,
  question: string,
  secret: boolean,
): Promise<string | null> {
  // readline echoes the input to its output, so a secret gets an output that discards it.
  const echo = secret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output
  if (secret) output.write(question)
  const lines = createInterface({ input, output: echo, terminal: true })
  return new Promise((resolve) => {
    const answer = (text: string | null) => {
      lines.close()
      if (secret || text === null) output.write('\n')
      resolve(text)
    }
    // If a question is never answered, readline leaves the promise open, and Node ends with a warning.
    lines.once('SIGINT', () => {
      lines.off('close', ended)
      answer(null)
      interrupted()
    })
    const ended = () => answer(null)
    lines.once('close', ended)
    // readline draws its prompt again at each key, over anything that was written before it.
    lines.question(secret ? '' : question, (text) => {
      lines.off('close', ended)
      answer(text)
    })
  })
}
