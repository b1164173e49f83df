/** The members of a Durable Object's storage that are used here. */
export interface ObjectStorage {
  list(): Promise<Map<string, unknown>>
  put(key: string, value: unknown): Promise<void>
  delete(keys: string[]): Promise<number>
  deleteAll(): Promise<void>
  setAlarm(timeMs: number): Promise<void>
}

/** The messages for 2 MB in an object with SQLite, and for 128 KiB in one without. */
const TOO_LARGE = /string or blob too big|\bSQLITE_TOOBIG\b|Values cannot be larger than/

/** Whether a Durable Object's storage refused a value because of its size. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && TOO_LARGE.test(error.message)
}
