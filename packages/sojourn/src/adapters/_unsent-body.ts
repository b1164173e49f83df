interface Body {
  pipe?(...args: unknown[]): unknown
  on?(event: 'error', listener: (error: Error) => void): unknown
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

/**
 * For the time in which a body waits for the store: the framework listens for a stream's errors once it sends the stream, and a
 * stream that breaks earlier must not end the process. The returned function returns what broke it.
 */
export function watchStream(body: unknown): () => Error | undefined {
  let broken: Error | undefined
  const { pipe, on } = (body ?? {}) as Body
  if (typeof pipe === 'function' && typeof on === 'function') {
    Reflect.apply(on, body, [
      'error',
      (error: Error) => {
        broken = error
      },
    ])
  }
  return () => broken
}
