import type { Value } from './driver.ts'

/** What an error of a driver means. Neither field may hold a parameter or a stored value. */
export interface Fault {
  /**
   * `again`: nothing happened, and another try can succeed. `duplicate`: the id is taken. `table`: there is no table, or
   * it is another one. `large`: the database takes no value of this size. `full`: it has no room for more. `other`: all else.
   */
  readonly kind: 'again' | 'duplicate' | 'table' | 'large' | 'full' | 'other'
  /** For people: `40P01 deadlock detected`. */
  readonly text: string
}

/**
 * Where databases differ. Texts are SQL with parameters as `:name`; `:key` and `:path` name a key of data, `:text` is its
 * expected value, `:patch` a JSON object of texts to set and of `null` for keys that go.
 */
export interface Dialect {
  /** For messages and metrics. */
  readonly name: string
  /** The file with the table's definition, for messages. */
  readonly schemaFile: string
  /** `$1` or `?`; with numbers, a parameter that is used twice is sent once. */
  readonly placeholders: 'numbered' | 'questions'
  /** A checked name as SQL. */
  quote(name: string): string
  /** Statements that make the table and its indexes, each of which changes nothing the second time. `table` is quoted. */
  schema(names: TableNames): readonly string[]
  /** How `data` is selected, as JSON text. */
  readonly data: string
  /** A new record's `data`, from `:data`. */
  readonly newData: string
  /** `data` with `:patch` applied. */
  readonly patched: string
  /** Takes these paths out of `data`. Where it is there, `:patch` has no `null`. */
  removed?(data: string, paths: string): string
  /** Whether what `data` becomes can be read again. Left out where the database itself refuses what is too large. */
  readonly fits?: (data: string) => string
  /** Whether `LIMIT` takes a text: some drivers send a number in a form that the server refuses there. */
  readonly isLimitText?: boolean
  /** Whether the key holds exactly `:text`; whether it is absent. */
  readonly holds: string
  readonly lacks: string
  /** Follows an insert, to change nothing where the id is taken. Empty: that is an error of the kind `duplicate`. */
  readonly unlessTaken: string
  /**
   * Ends a live record and answers with its columns as they were, in one statement. `null`: by a batch of a select and an
   * update. `live` selects the record, `bury` is what to set.
   */
  readonly end: ((table: string, live: string, bury: string) => string) | null
  /** Follows the select of the batch, to lock the row. */
  readonly forUpdate: string
  /** Deletes at most `:limit` rows with `expires_at` up to `:now`, by the index, without waiting where that can be said. */
  sweep(table: string): string
  /** Where a delete cannot pass over what is locked: `sweep` selects ids, and this deletes them, but for what was touched since. */
  deleteDue?(table: string, ids: string): string
  /** Fails unless the table has what the statements need. */
  check(table: string): string
  /** Texts of `data` as parameters; where left out, as they are. */
  toParameter?(text: string): Value
  toFault(error: unknown): Fault
}

export interface TableNames {
  /** Quoted, with the schema where there is one. */
  readonly table: string
  /** Quoted names of indexes. */
  readonly userIndex: string
  readonly expiryIndex: string
}

/** Whether the runtime itself could not make a text or a buffer of this size. */
export function isTooLong(error: Error): boolean {
  return (
    error instanceof RangeError &&
    /Invalid (string|array|typed array) length|longer than 0x|too long/.test(error.message)
  )
}
