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

/**
 * Runs `work` in the background, each time `everyMs` after the last run, until it resolves to `false` or the returned function is
 * called. Never runs it if the runtime has no timers that let the process end.
 */
export function repeat(everyMs: number, work: () => Promise<boolean>): () => void {
  let timer: ReturnType<typeof setTimeout>
  let isStopped = false
  const schedule = (): void => {
    timer = setTimeout(() => void work().then((continues) => continues && !isStopped && schedule()), everyMs)
    if (!release(timer)) clearTimeout(timer)
  }
  schedule()
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}

/** Lets the process end while the timer runs. Returns `false` if the runtime has no way to do that; then no timer may be left. */
export function release(timer: ReturnType<typeof setTimeout>): boolean {
  if (typeof timer !== 'object' || !('unref' in timer)) return false
  ;(timer as { unref(): void }).unref()
  return true
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
