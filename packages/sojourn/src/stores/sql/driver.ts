import type { MaybePromise } from '../../core/contracts/store.ts'

/** The types of parameters that every driver accepts. */
export type Value = string | number | null | Uint8Array

/** One of the few statements of a store. It is the same object each time, so that a driver can keep what it prepared for it. */
export interface Statement {
  /** Derived from the text, for servers with named prepared statements. At most 63 ASCII characters. */
  readonly name: string
  /** With the dialect's own placeholders. */
  readonly text: string
}

/** By position, not by name, because applications configure drivers to rename columns. */
export type Row = readonly unknown[]

export interface Result {
  readonly rows: readonly Row[]
  /** The number of rows that a write found, whether it changed them or not. */
  readonly affected: number
}

export interface Call {
  readonly statement: Statement
  /** Must not be modified, because another attempt sends it again. */
  readonly values: Value[]
}

/** What a store needs from a database: it runs a statement with parameters. Synchronous if the database is. */
export interface Driver {
  run(statement: Statement, values: Value[]): MaybePromise<Result>
  /**
   * Runs all calls in one transaction, in this order. Nobody else writes to a row between the call that read it and the later
   * ones.
   */
  batch?(calls: readonly Call[]): MaybePromise<readonly Result[]>
  /** Closes what the driver opened itself. Called once. */
  close(): MaybePromise<void>
}
