interface Body {
  destroy?(): unknown
  cancel?(): Promise<unknown>
  readonly body?: unknown
}

/**
 * For the body of a response that something else takes the place of: nobody will read it, so the file or the connection
 * behind it would stay open. Takes streams of node and of the web, and responses that have one.
 */
export function letGo(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const one = body as Body
  if (typeof one.destroy === 'function') one.destroy()
  else if (typeof one.cancel === 'function') one.cancel().catch(() => {})
  else if (one instanceof Response) letGo(one.body)
}
