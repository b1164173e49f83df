interface ToldByEnvironment {
  readonly process: { readonly env: Readonly<Record<string, string | undefined>> }
}

/**
 * Whether this is production: `NODE_ENV` is `production`, or cannot be read. If it is unknown, rules that are relaxed for
 * development stay strict.
 */
export function isProduction(): boolean {
  try {
    return (globalThis as unknown as ToldByEnvironment).process.env.NODE_ENV === 'production'
  } catch {
    // There is no process or environment, or Deno denies access without --allow-env.
    return true
  }
}
