/**
 * Error codes of a package that is not installed, from `import` and `require` in Node, and from what webpack and Vite put in its
 * place. Optional packages are imported inside `try`, because bundlers tolerate a missing package only there.
 */
const CODES: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_UNKNOWN_BUILTIN_MODULE']
const VITE = /^Could not resolve/

/** Returns `null` if the module is not installed. Throws any other error. */
export function nothingIfMissing(error: unknown): null {
  const { code, message }: { code?: unknown; message?: unknown } = Object(error)
  if (CODES.includes(code) || VITE.test(String(message))) return null
  throw error
}
