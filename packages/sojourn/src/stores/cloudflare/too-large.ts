/** 2 MB in an object with SQLite, 128 KiB in one without, as each of them says it. */
const TOO_LARGE = /string or blob too big|\bSQLITE_TOOBIG\b|Values cannot be larger than/

/** Whether a Durable Object's storage refused a value for its size. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && TOO_LARGE.test(error.message)
}
