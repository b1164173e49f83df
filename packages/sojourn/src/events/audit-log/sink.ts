import type { AuditLine } from './chain.ts'

/** What a sink holds already. */
export interface Held {
  /** The last lines, in order. If a place was asked for: the lines from there, and the last line. */
  readonly lines: readonly HeldLine[]
  /** What follows the last line break: the beginning of a line that was not written to its end. */
  readonly torn?: string
}

export interface HeldLine {
  readonly text: string
  /** The place of the line, where the sink knows it without the text. */
  readonly seq?: number
}

/** Thrown by `append` of a shared sink: another process wrote a line at this place, and none of these lines was written. */
export class PlaceTaken extends Error {}

/**
 * Where an audit log is kept. Make your own by implementing these methods; the log calls one at a time. If a method rejects, the
 * log emits a `fault`, keeps the lines, and tries again: `read` and then `append`.
 */
export interface AuditSink {
  /** For messages: `file`, `postgres`. */
  readonly name: string
  /** Whether several processes write to it. `append` must then throw `PlaceTaken` if a line's `seq` is taken. */
  readonly isShared: boolean
  /** Creates what is missing: folders, tables. */
  setup?(): Promise<void>
  /** What the sink holds, at the start and after a failure. `from`: the first line that may have been written or not. */
  read(from: number | null): Promise<Held>
  /** Appends the lines in this order. Resolves when they are stored as durably as the sink can. */
  append(lines: readonly AuditLine[]): Promise<void>
  /**
   * The `seq` of the oldest line to keep, if those before it are older than `cutoff` (ms since the epoch); else `null`. `now`: a line
   * with a later time was written while the clock was ahead, and must not keep those before it.
   */
  oldestKept?(cutoff: number, now: number): Promise<number | null>
  /** Deletes lines before `seq`. */
  deleteBefore?(seq: number): Promise<void>
  close(): Promise<void>
}
