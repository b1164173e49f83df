import type { SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { Change, MaybePromise, Store, Written } from '../../src/core/contracts/store.ts'
import { ERA_ID } from '../../src/core/request/eras.ts'
import { applyChange } from '../../src/stores/kit/records.ts'
import type { Stage } from './stage.ts'
import type { Kept, Records, World } from './world.ts'

/** A store on the stage's world: one linearizable map, with the near cache of the node in front when the run has one. */
export function createStore(stage: Stage): Store {
  const { flaw } = stage

  /** Every acknowledged write: what is replaced stays visible to near caches for a while, and to a failover. */
  function put(id: SessionId, value: Kept | null): void {
    const { world, node, run } = stage
    const records = new Map(world.records)
    const old = records.get(id)
    if (value === null) records.delete(id)
    else records.set(id, value)
    const before = run.failover && !world.failedOver ? { records: world.records, facts: world.facts } : null
    stage.world = { ...world, records, before, past: toPast(stage, world, id, old, node) }
  }

  function write(id: SessionId, change: Change): Written {
    const found = stage.world.records.get(id) ?? flaw.revive?.(id)
    if (found === undefined) return { status: 'gone', tombstone: null }
    if (found.kind === 'ended') return { status: 'gone', tombstone: found }
    const next = applyChange(found, flaw.change?.(found, change) ?? change)
    if (next === null) return { status: 'conflict', record: found }
    if (next !== found) put(id, flaw.stored?.(found, next) ?? next)
    stage.accepted.push({ id, verb: 'write', replacesHead: change.head !== undefined })
    return { status: 'written' }
  }

  function readNow(id: SessionId): Kept | null {
    stage.stale = null
    stage.world = { ...stage.world, past: forget(stage.world, id, stage.node) }
    return stage.world.records.get(id) ?? null
  }

  function create(record: SessionRecord): boolean {
    if (stage.world.records.has(record.id)) return false
    put(record.id, record)
    stage.accepted.push({ id: record.id, verb: 'create', replacesHead: true })
    return true
  }

  function end(id: SessionId, tombstone: Tombstone): SessionRecord | null {
    const found = stage.world.records.get(id)
    if (found === undefined || found.kind === 'ended' || flaw.keeps?.(stage, found, tombstone)) return null
    put(id, flaw.buries?.(found) ? null : tombstone)
    stage.accepted.push({ id, verb: 'end', replacesHead: false })
    return found
  }

  return {
    name: 'model',
    read(id) {
      if (id === ERA_ID) return null
      if (stage.stale?.id === id) return stage.stale
      return call(stage, () => stage.world.records.get(id) ?? null)
    },
    ...(stage.run.maxStale !== undefined &&
      !flaw.lacksReadNow && { readNow: (id) => (id === ERA_ID ? null : call(stage, () => readNow(id))) }),
    create: (record) => call(stage, () => create(record)),
    write: (id, change) => call(stage, () => write(id, change)),
    end: (id, tombstone) => call(stage, () => end(id, tombstone)),
    list: () => [...stage.world.records.values()].filter((kept): kept is SessionRecord => kept.kind === 'live'),
    close() {},
  }
}

/** One call of core's. When it is this call's turn to be interrupted, what comes in between is played first. */
function call<T>(stage: Stage, work: () => T): MaybePromise<T> {
  const { interruption } = stage
  if (interruption === null || --interruption.callsLeft > 0) return work()
  stage.interruption = null
  return interruption.play().then(work)
}

/** The node that changes a record forgets it; the others may not have heard yet. */
function toPast(stage: Stage, world: World, id: SessionId, old: Kept | undefined, node: number): World['past'] {
  if (stage.run.maxStale === undefined) return world.past
  const others = stage.setups.map((_, other) => other).filter((other) => other !== node)
  const rest = forget(world, id, node)
  if (old === undefined || others.length === 0) return rest
  return [...rest, { id, value: old, replacedAt: world.now, nodes: others }]
}

function forget({ past }: World, id: SessionId, node: number): World['past'] {
  return past
    .map((one) => (one.id === id ? { ...one, nodes: one.nodes.filter((other) => other !== node) } : one))
    .filter(({ nodes }) => nodes.length > 0)
}

/** The outdated answers that a node's near cache may give. */
export function staleAnswers({ past }: World, id: SessionId, node: number): readonly Kept[] {
  return past.filter((one) => one.id === id && one.nodes.includes(node)).map(({ value }) => value)
}

/** Time passes: what is older than the near cache allows is not answered any more. */
export function withoutOld({ past }: World, now: number, maxStale: number): World['past'] {
  return past.filter(({ replacedAt }) => now - replacedAt < maxStale)
}

/** The records that a server with a time to live deletes by itself. */
export function withoutExpired(records: Records, nowMs: number): Records {
  const left = [...records].filter(([, { expiresAt }]) => expiresAt > nowMs)
  return left.length === records.size ? records : new Map(left)
}
