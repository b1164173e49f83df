interface Body {
  destroy?(): unknown
  cancel?(): Promise<unknown>
  readonly body?: unknown
}

/**
 * Releases the body of a response that is replaced: nobody will read it, so its file or connection would stay open. Accepts
 * streams of node and of the web, and responses that contain one.
 */
export function letGo(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const one = body as Body
  if (typeof one.destroy === 'function') one.destroy()
  else if (typeof one.cancel === 'function') one.cancel().catch(() => {})
  else if (one instanceof Response) letGo(one.body)
}
