import type { Io } from '../../src/cli/io.ts'

export interface TestIo extends Io {
  readonly output: () => string
  readonly errors: () => string
  /** Ctrl-C. */
  interrupt(): void
}

/** A terminal whose user answers in order. */
export function testIo(answers: readonly string[] = [], env: Record<string, string> = {}): TestIo {
  const left = [...answers]
  let output = ''
  let errors = ''
  let interrupt = () => {}
  return {
    env,
    out: (text) => {
      output += text
    },
    err: (text) => {
      errors += text
    },
    readInput: async () => '',
    ask: async (question) => {
      errors += question
      return left.shift() ?? null
    },
    onInterrupt: (work) => {
      interrupt = work
    },
    isTerminal: false,
    width: 120,
    output: () => output,
    errors: () => errors,
    interrupt: () => interrupt(),
  }
}
