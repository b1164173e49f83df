import type { SessionOperation } from './session-model.ts'

/** The limits of every session of a run, in the unit of the history's clock. */
export interface Expiry {
  readonly idle: number
  readonly absolute: number
  /** How late a last-seen time may be written. */
  readonly touch: number
}

/** Returns the earliest moment at which the limits may end the session. */
export function mayExpireFrom(operations: readonly SessionOperation[], { idle, absolute, touch }: Expiry): number {
  const begin = operations.find(({ input }) => input.kind === 'begin')
  const beganAt = begin?.calledAt ?? Number.NEGATIVE_INFINITY
  let seenAt = beganAt
  for (const { calledAt, returnedAt } of liveOpens(operations)) {
    if (returnedAt - seenAt >= idle - touch) break
    seenAt = Math.max(seenAt, calledAt)
  }
  return Math.min(seenAt + idle - touch, beganAt + absolute)
}

/** Finds a request that was accepted after a limit, whatever the delays on its way (guarantee 6, two clocks). */
export function openedTooLate(
  operations: readonly SessionOperation[],
  { idle, absolute }: Expiry,
): SessionOperation | undefined {
  const begin = operations.find(({ input }) => input.kind === 'begin')
  const begunAt = begin?.returnedAt ?? Number.POSITIVE_INFINITY
  let seenAt = begunAt
  return liveOpens(operations).find(({ calledAt, returnedAt }) => {
    const isLate = calledAt - begunAt >= absolute || calledAt - seenAt >= idle
    seenAt = Math.max(seenAt, returnedAt)
    return isLate
  })
}

/** In the order of their calls. */
function liveOpens(operations: readonly SessionOperation[]): SessionOperation[] {
  return operations.filter(({ output }) => output?.kind === 'live').sort((a, b) => a.calledAt - b.calledAt)
}
