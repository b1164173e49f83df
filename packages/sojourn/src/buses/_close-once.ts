/** Clients throw if they are closed a second time. */
export function closeOnce(close: () => unknown): () => void {
  let isClosed = false
  return () => {
    if (isClosed) return
    isClosed = true
    try {
      close()
    } catch {
      // The connection is already gone.
    }
  }
}
