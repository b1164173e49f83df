/**
 * Whether this is production: `NODE_ENV` says so, or there is no way to ask. The safe direction: what is eased
 * for development stays strict on a runtime that does not tell.
 */
export function isProduction(): boolean {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
    return process?.env === undefined || process.env.NODE_ENV === 'production'
  } catch {
    // Deno refuses to read the environment without --allow-env.
    return true
  }
}
