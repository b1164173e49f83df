import type { Connection, NodeResponse } from './_node-types.ts'

/**
 * Defers `destroy` of a response or its connection. A caller expects that what it sent before has left, but while the response is
 * held back nothing has. So the call waits its turn. Express makes this call on the connection if a handler fails after its
 * answer. `later` receives the real call. The returned function undoes this.
 *
 * The connection itself is not changed: it may carry other responses, and a server that closes all connections must not wait for
 * a store. Meanwhile the request and the response show a wrapped view of it.
 */
export function deferDestroy(response: NodeResponse, later: (destroy: () => void) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(response, 'destroy')
  const { destroy } = response
  const deferred = (...args: unknown[]): unknown => {
    later(() => void Reflect.apply(destroy, response, args))
    return response
  }
  Object.defineProperty(response, 'destroy', { value: deferred, configurable: true, writable: true })
  const undo = [response, response.req].map((owner) => showView(owner, later))

  return () => {
    for (const one of undo) one()
    if (own === undefined) Reflect.deleteProperty(response, 'destroy')
    else Object.defineProperty(response, 'destroy', own)
  }
}

type Owner = { socket?: Connection | null | undefined }

/** node:http keeps the connection in a field. HTTP/2 returns a proxy of it whose own `destroy` may throw. */
function showView(owner: Owner | undefined, later: (destroy: () => void) => void): () => void {
  const socket = owner !== undefined && Object.hasOwn(owner, 'socket') ? owner.socket : null
  if (owner === undefined || socket === null || socket === undefined) return () => {}
  const view = new Proxy(socket, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if ((name !== 'destroy' && name !== 'destroySoon') || typeof value !== 'function') return value
      return (...args: unknown[]) => {
        later(() => void Reflect.apply(value, target, args))
        return view
      }
    },
  })
  owner.socket = view
  return () => {
    // node gives a response its connection when its turn comes, possibly in the meantime.
    if (owner.socket === view) owner.socket = socket
  }
}
