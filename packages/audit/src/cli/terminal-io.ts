import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
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
    onInterrupt: (work) => void process.once('SIGINT', work).once('SIGTERM', work),
    isTerminal,
    width: process.stdout.columns ?? 100,
  }
}

/** Asks on standard error, so that a report on standard output stays clean. */
async function ask(question: string, { secret = false }: { readonly secret?: boolean } = {}): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null
  process.stderr.write(question)
  // readline echoes what is typed into its output; a secret goes nowhere.
  const output = secret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    if (secret) process.stderr.write('\n')
  }
}
