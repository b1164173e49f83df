import { text } from 'node:stream/consumers'
import { askAt } from './ask.ts'
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
