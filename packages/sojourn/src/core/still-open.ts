import { readNow } from './engine.ts'
import { SessionError } from './errors.ts'
import type { SessionRecord } from './record.ts'
import type { State } from './state.ts'
import { expiryOf } from './timeouts.ts'

/**
 * A request can stay open for long after its session was judged: a slow upload, a socket. Before it acts on the user's other
 * sessions, the store is asked once more whether its own goes on: a thief who was logged out must not log out the user.
 */
export async function assertStillOpen({ engine }: State, { id }: SessionRecord): Promise<void> {
  const kept = await readNow(engine, id)
  if (kept?.kind === 'live' && engine.clock() < expiryOf(kept, engine.limits)) return
  throw new SessionError('ERR_SESSION_ENDED', "The user's other sessions were left as they are.")
}
