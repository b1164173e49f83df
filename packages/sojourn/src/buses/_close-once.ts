/** Closing what is closed already makes clients throw. */
export function closeOnce(close: () => unknown): () => void {
  let isClosed = false
  return () => {
    if (isClosed) return
    isClosed = true
    try {
      close()
    } catch {
      // Then there is nothing left to close.
    }
  }
}
