import type { MaybePromise } from '../../core/contracts/store.ts'

/** What a parameter can be: every driver takes these. */
export type Value = string | number | null | Uint8Array

/** One statement of the few that a store has. The same object each time, so that a driver can keep what it prepared for it. */
export interface Statement {
  /** Made from the text, for servers that know prepared statements by name. At most 63 characters of ASCII. */
  readonly name: string
  /** With the dialect's own placeholders. */
  readonly text: string
}

/** By place, not by name: applications configure drivers to rename columns. */
export type Row = readonly unknown[]

export interface Result {
  readonly rows: readonly Row[]
  /** How many rows a write found, be they changed by it or not. */
  readonly affected: number
}

export interface Call {
  readonly statement: Statement
  /** Not to be changed: another try sends it again. */
  readonly values: Value[]
}

/** All that a store needs of a database: run this with these parameters. Answers at once where the database does. */
export interface Driver {
  run(statement: Statement, values: Value[]): MaybePromise<Result>
  /** All in one transaction, in this order, and nobody writes to a row between a call that read it and the calls after. */
  batch?(calls: readonly Call[]): MaybePromise<readonly Result[]>
  /** Closes what the driver opened itself. Called once. */
  close(): MaybePromise<void>
}
