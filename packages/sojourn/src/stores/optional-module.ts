/**
 * How a package that is not installed shows: to `import` and `require` in Node, and in what webpack and Vite put in its
 * place. Packages that may be missing are imported inside `try`: only there bundlers go on without them.
 */
const CODES: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_UNKNOWN_BUILTIN_MODULE']
const VITE = /^Could not resolve/

/** Answers `null` when a module is not there; what else is wrong with it is thrown. */
export function nothingIfMissing(error: unknown): null {
  const { code, message }: { code?: unknown; message?: unknown } = Object(error)
  if (CODES.includes(code) || VITE.test(String(message))) return null
  throw error
}
