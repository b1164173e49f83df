/** Lets the process end although the timer runs. `false` where that cannot be said: there no timer may be left. */
export function release(timer: ReturnType<typeof setTimeout>): boolean {
  if (typeof timer !== 'object' || !('unref' in timer)) return false
  ;(timer as { unref(): void }).unref()
  return true
}
