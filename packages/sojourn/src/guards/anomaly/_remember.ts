/** How many results of a parser are kept. Clients choose these texts, so the number is bounded. */
const MOST = 2000

/** Returns the result for a text, computed once while it is remembered. The texts that were added first are forgotten. */
export function remember<T>(known: Map<string, T>, text: string, make: (text: string) => T): T {
  const found = known.get(text)
  if (found !== undefined) return found
  const made = make(text)
  keep(known, text, made)
  return made
}

export function keep<T>(known: Map<string, T>, text: string, value: T, most: number = MOST): void {
  if (known.size >= most) {
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
  known.set(text, value)
}
