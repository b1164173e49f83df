import type { Severity } from '../model/finding.ts'

/** What a command touches of the outside, so that tests can give their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  out(text: string): void
  err(text: string): void
  /** Standard input to its end. */
  readInput(): Promise<string>
  /** Asks at the terminal; `secret`: what is typed is not shown. `null` without a terminal. */
  ask(question: string, options?: { readonly secret?: boolean }): Promise<string | null>
  /** Called when the user wants it to end (Ctrl-C). */
  onInterrupt(work: () => void): void
  readonly isTerminal: boolean
  /** Columns of the terminal. */
  readonly width: number
}

/** A subcommand: takes the words after its name, gives the exit code. */
export type Command = (args: readonly string[], io: Io) => Promise<number>

/** Fits all commands: 0 nothing to report, 1 findings, 2 misuse, 3 no verdict. */
export const EXIT: { readonly ok: 0; readonly findings: 1; readonly usage: 2; readonly noVerdict: 3 } = {
  ok: 0,
  findings: 1,
  usage: 2,
  noVerdict: 3,
}

/** Of an audit: its gravest failure. */
export const EXIT_BY_SEVERITY: Readonly<Record<Severity, number>> = {
  info: 0,
  low: 10,
  medium: 11,
  high: 12,
  critical: 13,
}
