import type { SessionId } from 'sojourn'
import { afterEach, beforeEach, vi } from 'vitest'
import type { TestData, World } from './kit.ts'

/** Lets tests of `watch` decide when the rounds of asking run. */
export function useRounds(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())
}

export const round = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1_000)

export async function login(world: World<TestData>): Promise<SessionId> {
  const { value } = await world.client().send(async (session) => {
    await session.login('ada')
    return session.id
  })
  return value
}
