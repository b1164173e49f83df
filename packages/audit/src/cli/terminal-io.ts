import { text } from 'node:stream/consumers'
import { askAt } from './ask.ts'
import { interrupts } from './interrupts.ts'
import type { Io } from './io.ts'

/** The process's own terminal. */
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

/** Asks on standard error, so that a report on standard output stays clean. */
async function ask(question: string, { secret = false }: { readonly secret?: boolean } = {}): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null
  const interrupted = () => void process.kill(process.pid, 'SIGINT')
  return askAt({ input: process.stdin, output: process.stderr, interrupted }, question, secret)
}
