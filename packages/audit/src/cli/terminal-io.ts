import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Io } from './io.ts'

/** The terminal of the process. */
export function terminalIo(): Io {
  const isTerminal = process.stdout.isTTY === true
  return {
    env: process.env,
    out: (words) => void process.stdout.write(words),
    err: (words) => void process.stderr.write(words),
    readInput: () => text(process.stdin),
    ask,
    onInterrupt(work) {
      const take = interrupts(work, () => process.exit(130), performance.now.bind(performance))
      process.on('SIGINT', take).on('SIGTERM', take)
    },
    isTerminal,
    width: process.stdout.columns ?? 100,
  }
}

/** Asks on standard error, so that standard output contains the report only. */
async function ask(question: string, { secret = false }: { readonly secret?: boolean } = {}): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null
  const interrupted = () => void process.kill(process.pid, 'SIGINT')
  return askAt({ input: process.stdin, output: process.stderr, interrupted }, question, secret)
}

/** Runners such as npm pass on the Ctrl-C that the terminal has sent already. Signals this close together count as one. */
const ONE_MS = 1000

/** Handles each signal: the first calls `work`, a later one calls `now`. */
export function interrupts(work: () => void, now: () => void, clock: () => number): () => void {
  let first: number | null = null
  return () => {
    if (first === null) {
      first = clock()
      work()
    } else if (clock() - first > ONE_MS) now()
  }
}

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
