import type { Setup } from './setup.ts'

/** What the adapters of a request have attached to it, the latest first. */
interface Attached {
  readonly owner: object
  readonly session: unknown
  readonly places: readonly string[]
  readonly before: Attached | undefined
}

/** Two copies of the package share this symbol. */
const ATTACHED = Symbol.for('sojourn.attached')

type Target = { [ATTACHED]?: Attached }

/**
 * Two sessions that keep their tokens in one place clear and overwrite each other's, and the user is logged out for no visible
 * reason.
 */
export function attach(setup: Setup, target: object, session: unknown): void {
  const latest = (target as Target)[ATTACHED]
  // A request that is handed in again keeps nothing of the previous time.
  const before = latest?.owner === setup ? latest.before : latest
  const { places } = setup
  for (let one = before; one !== undefined; one = one.before) {
    const place = one.owner === setup ? undefined : one.places.find((each) => places.includes(each))
    if (place === undefined) continue
    setup.warnOnce(
      `Two createSessions() use the ${place} of one request, which logs users out. Use one, or different cookie names.`,
    )
  }
  ;(target as Target)[ATTACHED] = { owner: setup, session, places, before }
}

export function findAttached(setup: Setup, target: object): unknown {
  // JavaScript callers may pass anything.
  let one = (target as Target | null | undefined)?.[ATTACHED]
  while (one !== undefined && one.owner !== setup) one = one.before
  return one?.session
}

/** Whether an adapter of ours has handled this request. */
export function isAttached(target: object): boolean {
  return (target as Target)[ATTACHED] !== undefined
}
