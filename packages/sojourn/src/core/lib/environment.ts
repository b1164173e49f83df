interface ToldByEnvironment {
  readonly process: { readonly env: Readonly<Record<string, string | undefined>> }
}

/**
 * Whether this is production: `NODE_ENV` says so, or there is no way to ask. The safe direction: what is eased
 * for development stays strict on a runtime that does not tell.
 */
export function isProduction(): boolean {
  try {
    return (globalThis as unknown as ToldByEnvironment).process.env.NODE_ENV === 'production'
  } catch {
    // No process, no environment; or Deno, which refuses to show it without --allow-env.
    return true
  }
}
