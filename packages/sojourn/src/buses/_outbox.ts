import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId } from '../core/contracts/record.ts'

/** Sends ids. Ids that arrive during a send go out together in the next one. */
export type Outbox = (ids: readonly SessionId[]) => Promise<void>

/** If more ids wait, the bus is down. Copies on other nodes then expire after `maxStale`. */
const MAX_WAITING = 10_000

export function createOutbox(send: (ids: readonly SessionId[]) => Promise<unknown>): Outbox {
  let underWay: Promise<void> | null = null
  let waiting: { readonly ids: SessionId[]; readonly sent: Promise<void> } | null = null

  async function dispatch(ids: readonly SessionId[]): Promise<void> {
    const sent = send(ids)
    const mine = sent.then(
      () => undefined,
      () => undefined,
    )
    underWay = mine
    try {
      await sent
    } finally {
      if (underWay === mine) underWay = null
    }
  }

  return async (ids) => {
    if (waiting === null && underWay === null) return dispatch(ids)
    if (waiting === null) {
      const batch: SessionId[] = []
      const sent = (underWay ?? Promise.resolve()).then(() => {
        waiting = null
        return dispatch(batch)
      })
      waiting = { ids: batch, sent }
    }
    if (waiting.ids.length >= MAX_WAITING)
      throw new SessionError(
        'ERR_STORE',
        'The bus does not accept messages: too many are waiting. Check the connection to its server.',
      )
    waiting.ids.push(...ids)
    return waiting.sent
  }
}
