import type { SessionId } from '../../src/core/contracts/record.ts'
import { hashSecret, type TokenParts } from '../../src/core/token/token.ts'
import { onlyOf } from './facts.ts'
import { nameOf, type Stage, setupOf } from './stage.ts'
import type { World } from './world.ts'

/** Unreachable parts are dropped, because they have no further effect. */
export function withoutUnreachable(stage: Stage, world: World): World {
  const setup = setupOf(stage)
  const ids = new Set<SessionId>()
  const hashes = new Set<string>()
  const reach = (token: string | null): void => {
    if (token === null) return
    const { id, hash } = nameOf(setup, token)
    ids.add(id)
    hashes.add(hash)
  }
  reach(world.jar)
  if (stage.run.crash !== undefined && !world.crashed) reach(world.disk?.token ?? null)
  for (const token of world.loot) reach(token)
  for (const { token, state, answer } of world.requests) {
    reach(token)
    if (answer !== null && answer !== 'clear') reach(answer.token)
    if (state?.held) ids.add(state.held.record.id)
    if (state?.held) hashes.add(hashOf(state.held.parts))
  }
  const records = without(world.records, ids)
  const past = world.past.filter(({ id }) => ids.has(id))
  return {
    ...world,
    records,
    past: past.length === world.past.length ? world.past : past,
    facts: onlyOf(world.facts, ids, hashes),
  }
}

const known = new WeakMap<TokenParts, string>()

function hashOf(parts: TokenParts): string {
  let hash = known.get(parts)
  if (hash === undefined) {
    hash = hashSecret(parts.secret)
    known.set(parts, hash)
  }
  return hash
}

function without(records: World['records'], ids: ReadonlySet<SessionId>): World['records'] {
  for (const id of records.keys()) {
    if (!ids.has(id)) return new Map([...records].filter(([one]) => ids.has(one)))
  }
  return records
}
