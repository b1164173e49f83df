import { SessionError } from '../contracts/errors.ts'
import type { ScannedSession, SessionPage } from '../contracts/sessions.ts'
import { isOwn } from '../token/once.ts'
import { ask, type Caller } from './caller.ts'
import { liveOf, toInfo } from './infos.ts'

const MAX_LIMIT = 1000

/** All live sessions, a page at a time. What has ended, is expired, or cannot be read is left out. */
export async function scan(by: Caller, cursor: string | null = null, limit = 100): Promise<SessionPage> {
  const { setup } = by
  if (setup.store.scan === undefined) {
    throw new SessionError('ERR_UNSUPPORTED', `${setup.store.name} cannot enumerate its sessions.`)
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new SessionError('ERR_OPTION', `limit must be from 1 to ${MAX_LIMIT}.`)
  }
  const { values, next, total = null } = await ask(by, 'scan', cursor, limit)
  const live = liveOf(setup, values).filter(({ id, userId }) => !isOwn(id, userId))
  return { sessions: live.map((record) => ({ ...toInfo(setup, record), userId: record.userId })), next, total }
}

/** All live sessions, one after the other. */
export async function* all(by: Caller): AsyncGenerator<ScannedSession, void, undefined> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: SessionPage = await scan(by, cursor, MAX_LIMIT)
    yield* page.sessions
    cursor = page.next
  }
}

export async function count(by: Caller): Promise<number> {
  let total = 0
  for await (const _ of all(by)) total++
  return total
}
