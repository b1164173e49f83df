import type { Store } from 'sojourn'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LEASE_MS } from '../../src/core/request/eras.ts'
import { createClock, createWorld, edit } from '../core/kit.ts'
import { at, login, WAIT, whoIs } from '../core/kit-end-all.ts'

/** The time that `endAll` waits passes at once. */
export function skipWaits(): void {
  beforeEach(() => {
    const real = globalThis.setTimeout
    const early = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      real(run, ms === WAIT ? 0 : ms, ...args)
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(early as typeof setTimeout)
  })
  afterEach(() => void vi.restoreAllMocks())
}

/** `create` returns two stores that share their records, as two processes have them. */
export function testEndAll(name: string, create: () => Promise<readonly [Store, Store]>): void {
  describe(`endAll on ${name}`, () => {
    skipWaits()

    it('ends every session in every process, then its record; later logins stay, also through a second one', async () => {
      const clock = createClock(Date.now())
      const [store, other] = await create()
      const world = createWorld({ clock })
      const one = world.node({ store })
      const two = world.node({ store: other })
      await one.setup()
      await two.setup()
      const users = await Promise.all(Array.from({ length: 20 }, (_, i) => login(i % 2 ? one : two, `user ${i}`)))
      for (const user of users) {
        await user.send(edit({ cart: ['tea'] }))
        expect(await whoIs(at(two, user))).toContain('user')
      }
      const done = one.endAll({ reason: 'breach' })
      clock.advance(WAIT)
      const { removed } = await done
      for (const user of users) {
        for (const sessions of [one, two]) expect(await whoIs(at(sessions, user))).toBe('ended')
      }
      const bob = await login(two, 'bob')
      expect(await removed).toBe(store.scan === undefined ? 0 : 20)
      expect(world.eventsOf('ended')).toHaveLength(store.scan === undefined ? 0 : 20)
      for (const sessions of [one, two]) expect(await whoIs(at(sessions, bob))).toBe('bob')
      if (store.scan !== undefined) expect(await one.count()).toBe(1)
      const again = two.endAll()
      clock.advance(WAIT)
      await (await again).removed
      clock.advance(LEASE_MS)
      for (const sessions of [one, two]) expect(await whoIs(at(sessions, bob))).toBe('ended')
      await one.close()
      await two.close()
    }, 60_000)
  })
}
