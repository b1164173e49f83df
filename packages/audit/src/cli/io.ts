import type { Severity } from '../model/finding.ts'

/** The environment of a command: output, input and interrupts. Tests replace it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  out(text: string): void
  err(text: string): void
  /** Reads standard input to its end. */
  readInput(): Promise<string>
  /** Asks at the terminal. `secret`: the input is not displayed. `null` without a terminal. */
  ask(question: string, options?: { readonly secret?: boolean }): Promise<string | null>
  /** Called when the user interrupts it (Ctrl-C). */
  onInterrupt(work: () => void): void
  readonly isTerminal: boolean
  /** Columns of the terminal. */
  readonly width: number
}

/** A subcommand: takes the arguments after its name, returns the exit code. */
export type Command = (args: readonly string[], io: Io) => Promise<number>

/** The exit codes of all commands: 0 nothing to report, 1 findings, 2 misuse, 3 no verdict. */
export const EXIT: { readonly ok: 0; readonly findings: 1; readonly usage: 2; readonly noVerdict: 3 } = {
  ok: 0,
  findings: 1,
  usage: 2,
  noVerdict: 3,
}

/** The exit code of an audit, by its gravest failure. */
export const EXIT_BY_SEVERITY: Readonly<Record<Severity, number>> = {
  info: 0,
  low: 10,
  medium: 11,
  high: 12,
  critical: 13,
}
