/** Lets the process end while the timer runs. Returns `false` if the runtime has no way to do that; then no timer may be left. */
export function release(timer: ReturnType<typeof setTimeout>): boolean {
  if (typeof timer !== 'object' || !('unref' in timer)) return false
  ;(timer as { unref(): void }).unref()
  return true
}
