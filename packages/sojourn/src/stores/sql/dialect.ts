import type { Value } from './driver.ts'

/** The meaning of a driver's error. Neither field may contain a parameter or a stored value. */
export interface Fault {
  /**
   * `again`: nothing happened, and another attempt can succeed. `duplicate`: the id is taken. `table`: the table is missing or
   * differs. `denied`: the account may not do this. `large`: the database cannot store a value of this size. `full`: it has no
   * room. `other`: everything else.
   */
  readonly kind: 'again' | 'duplicate' | 'table' | 'denied' | 'large' | 'full' | 'other'
  /** For people: `40P01 deadlock detected`. */
  readonly text: string
}

/**
 * The differences between databases. Texts are SQL with parameters as `:name`. `:key` and `:path` name a key of data, `:text` is
 * its expected value, `:patch` is a JSON object with texts to set and `null` for keys to remove.
 */
export interface Dialect {
  /** For messages and metrics. */
  readonly name: string
  /** The file with the table's definition, for messages. */
  readonly schemaFile: string
  /** `$1` or `?`. With numbers, a parameter that is used twice is sent once. */
  readonly placeholders: 'numbered' | 'questions'
  /** Quotes a checked name. */
  quote(name: string): string
  /** Statements that create the table and its indexes. Each changes nothing the second time. `table` is quoted. */
  schema(names: TableNames): readonly string[]
  /** How `data` is selected, as JSON text. */
  readonly data: string
  /** A new record's `data`, from `:data`. */
  readonly newData: string
  /** `data` with `:patch` applied. */
  readonly patched: string
  /** Removes these paths from `data`. If it is present, `:patch` contains no `null`. */
  removed?(data: string, paths: string): string
  /** Whether the new `data` can be read again. Omitted if the database itself refuses values that are too large. */
  readonly fits?: (data: string) => string
  /** Whether `LIMIT` takes a text, because some drivers send a number in a form that the server refuses there. */
  readonly isLimitText?: boolean
  /** Whether the key holds exactly `:text`; whether it is absent. */
  readonly holds: string
  readonly lacks: string
  /**
   * Follows an insert, so that it changes nothing if the id is taken. If empty, a taken id is an error of the kind `duplicate`.
   */
  readonly unlessTaken: string
  /**
   * Ends a live record and returns its columns as they were, in one statement. `null`: uses a batch of a select and an update.
   * `live` selects the record, `toTombstone` is what to set.
   */
  readonly end: ((table: string, live: string, toTombstone: string) => string) | null
  /** Follows the select of the batch, to lock the row. */
  readonly forUpdate: string
  /**
   * Deletes at most `:limit` rows with `expires_at` up to `:now`, by the index, without waiting if the database supports that.
   */
  sweep(table: string): string
  /**
   * For databases whose delete cannot skip locked rows: `sweep` selects ids, and this deletes them unless they were touched
   * since.
   */
  deleteDue?(table: string, ids: string): string
  /** Fails unless the table has what the statements need. */
  check(table: string): string
  /** Converts texts of `data` to parameters. Default: unchanged. */
  toParameter?(text: string): Value
  toFault(error: unknown): Fault
}

export interface TableNames {
  /** Quoted, with the schema if there is one. */
  readonly table: string
  /** Quoted names of indexes. */
  readonly userIndex: string
  readonly expiryIndex: string
}

/** Whether the error is the runtime's own, for a text or a buffer of this size. */
export function isTooLong(error: Error): boolean {
  return (
    error instanceof RangeError &&
    /Invalid (string|array|typed array) length|longer than 0x|too long/.test(error.message)
  )
}
