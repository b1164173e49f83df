import { afterFailover, withEnd } from './facts.ts'
import { nameOf, setupOf } from './stage.ts'
import type { Step } from './steps.ts'
import { withoutExpired, withoutOld } from './store.ts'
import { toMs } from './ticks.ts'

/** The events outside requests. */

export function tick(label: string): Step {
  return {
    label,
    async play(stage) {
      const { world, run } = stage
      const now = world.now + 1
      const records = run.sweeps ? withoutExpired(world.records, toMs(now)) : world.records
      const past = run.maxStale === undefined ? world.past : withoutOld(world, now, run.maxStale)
      stage.world = { ...world, now, records, past }
      return []
    },
  }
}

export function failOver(label: string): Step {
  return {
    label,
    async play(stage) {
      const { world, run } = stage
      if (world.before === null) return []
      const facts = afterFailover(world.facts, world.before.facts)
      const ended = run.checks.includes('S1') ? world.facts.ended : facts.ended
      stage.world = {
        ...world,
        records: world.before.records,
        facts: { ...facts, ended },
        before: null,
        failedOver: true,
      }
      return []
    },
  }
}

/** The browser comes back with what its disk had. */
export function crash(label: string): Step {
  return {
    label,
    async play(stage) {
      const { world } = stage
      if (world.disk === null) return []
      stage.world = { ...world, jar: world.disk.token, disk: null, crashed: true }
      return []
    },
  }
}

/** An administrator ends the session that the browser is in. */
export function revoke(label: string): Step {
  return {
    label,
    async play(stage) {
      const { world } = stage
      if (world.jar === null) return []
      const setup = setupOf(stage)
      const { id } = nameOf(setup, world.jar)
      const found = world.records.get(id)
      if (found?.kind !== 'live') return []
      const endedAt = setup.clock()
      setup.store.end(id, { kind: 'ended', id, reason: 'revoked', endedAt, expiresAt: found.expiresAt })
      const facts = withEnd(world.facts, id, { at: world.now, node: stage.node })
      stage.world = { ...stage.world, facts: { ...facts, loggedIn: false } }
      return []
    },
  }
}
