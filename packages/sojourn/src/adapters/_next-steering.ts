/**
 * The response that Next makes in a route handler if it calls `redirect()`, `notFound()` or a relative; `null` for an error that
 * is a failure. Next's own test for it (`unstable_rethrow`) is in one file with hooks for browsers, which a route handler cannot
 * load from a package.
 */
export function toSteered(error: unknown): Response | null {
  const { digest } = (error ?? {}) as { digest?: unknown }
  const [kind, ...parts] = typeof digest === 'string' ? digest.split(';') : []
  // NEXT_HTTP_ERROR_FALLBACK;404
  if (kind === 'NEXT_HTTP_ERROR_FALLBACK') return new Response(null, { status: Number(parts[0]) })
  if (kind !== 'NEXT_REDIRECT') return null
  // NEXT_REDIRECT;replace;/path;a=1;307;
  return new Response(null, { status: Number(parts.at(-2)), headers: { location: parts.slice(1, -2).join(';') } })
}
