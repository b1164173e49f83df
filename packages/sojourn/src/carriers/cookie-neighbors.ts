import type { Carrier, RequestView } from '../core/contracts/carrier.ts'
import { isLoopback } from './connection.ts'

type Foreign = NonNullable<Carrier['foreign']>

/** For development: who keeps a cookie of our name beside us. */
export interface Neighbors {
  readonly foreign: Foreign
  /** We have set ours. */
  readonly own: (view: RequestView) => void
}

/**
 * Browsers give a cookie to every port of a host, so applications side by side on localhost overwrite each other's cookie of
 * one name, and a login in one ends the login in the other. Told once. A token that the store does not know may also be left
 * from an earlier run with a store in memory; it is not when it came after ours.
 */
export function createNeighbors(nameOf: (view: RequestView) => string, warn: (message: string) => void): Neighbors {
  let hasSet = false
  let hasTold = false
  return {
    own(view) {
      hasSet ||= isLoopback(view)
    },
    foreign(view, why) {
      if (hasTold || (why === 'unknown' && !hasSet) || !isLoopback(view)) return
      hasTold = true
      warn(
        `sojourn: a cookie "${nameOf(view)}" came that this application did not set. Browsers share cookies between all ports of localhost: another application there, or another createSessions() in this one, seems to use the same name, and a login in one ends the login in the other. Give each its own name: createSessions({ cookie: { name: '__Host-my-app' } }).`,
      )
    },
  }
}
