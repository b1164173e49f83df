import type { Carrier, RequestView } from '../core/contracts/carrier.ts'
import { isLoopback } from './connection.ts'

type Foreign = NonNullable<Carrier['foreign']>

/** Detects, in development, another application that sets a cookie with our name. */
export interface Neighbors {
  readonly foreign: Foreign
  /** Records that we set our cookie. */
  readonly own: (view: RequestView) => void
}

/**
 * Browsers send a cookie to every port of a host. So applications on different ports of localhost overwrite each other's cookie
 * if it has the same name, and a login in one ends the login in the other. Warns once. An unknown token may also be left from an
 * earlier run with the memory store, but not if it arrives after we set ours.
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
        `sojourn: received a cookie "${nameOf(view)}" that this application did not set. Browsers share cookies between all ports of localhost: another application there, or another createSessions() in this one, seems to use the same name, and a login in one ends the login in the other. Give each its own name: createSessions({ cookie: { name: '__Host-my-app' } }).`,
      )
    },
  }
}
