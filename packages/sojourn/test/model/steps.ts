import { afterFailover, type Facts, withEnd } from './facts.ts'
import { noteActed, noteCommitted, noteDelivered, noteOpened } from './observe.ts'
import { checkCommitted, checkFirstUse, checkOpened, checkWrites, type Violation } from './properties.ts'
import { act, acts, close, open } from './requests.ts'
import type { SlowRequest, Verb } from './run.ts'
import { engineOf, type Interruption, nameOf, type Stage } from './stage.ts'
import { withoutExpired, withoutOld } from './store.ts'
import { toMs } from './ticks.ts'
import type { Kept, Request, World } from './world.ts'

/** One thing that can happen next. */
export interface Step {
  readonly label: string
  /** Where core serves a request in it, from the handler on. Left out: it serves none, or it only opens one. */
  readonly node?: number
  readonly play: (stage: Stage, interruption?: Interruption) => Promise<Found>
}
type Found = readonly Violation[]

const AT_ONCE: Omit<SlowRequest, 'verb'> = { sent: 0, open: 0, way: 0 }

function send(stage: Stage, bounds: SlowRequest, token: string | null): Request {
  const { now } = stage.world
  return {
    verb: bounds.verb,
    bounds,
    token,
    phase: 'sent',
    since: now,
    openedAt: now,
    node: 0,
    state: null,
    answer: null,
    succeeded: true,
  }
}

async function openAt(stage: Stage, request: Request, node: number, stale: Kept | null, isQuick: boolean) {
  const { records, facts } = stage.world
  const opened = await open(stage, request, node, stale)
  noteOpened(stage, opened)
  const now = stage.world.facts
  stage.world = { ...stage.world, facts }
  const found = [...checkOpened(stage, opened, records, isQuick), ...checkFirstUse(stage), ...checkWrites(stage)]
  stage.world = { ...stage.world, facts: now }
  return { opened, found }
}

async function actOf(stage: Stage, request: Request, interruption: Interruption | null = null) {
  stage.interruption = interruption
  if (!acts(request.verb)) return { acted: request, found: [] as Found }
  begin(stage)
  const acted = await act(stage, request)
  const found = checkWrites(stage)
  noteActed(stage, acted)
  return { acted, found }
}

async function closeOf(stage: Stage, request: Request, interruption: Interruption | null = null) {
  stage.interruption = interruption
  begin(stage)
  const closed = await close(stage, request)
  const found = [...checkCommitted(stage, request, closed), ...checkWrites(stage)]
  noteCommitted(stage, request, closed)
  return { closed, found }
}

function begin(stage: Stage): void {
  stage.told = []
  stage.accepted = []
}

/** All phases at once. */
async function wholly(
  stage: Stage,
  request: Request,
  node: number,
  stale: Kept | null,
  isOwner: boolean,
  interruption: Interruption | null = null,
) {
  const { opened, found } = await openAt(stage, request, node, stale, isOwner)
  const { acted, found: more } = await actOf(stage, opened, interruption)
  const { closed, found: last } = await closeOf(stage, acted, stage.interruption)
  return { closed, found: [...found, ...more, ...last] }
}

export function quick(verb: Verb, node: number, stale: Kept | null, label: string): Step {
  return {
    label,
    node,
    async play(stage, interruption) {
      const request = send(stage, { verb, ...AT_ONCE }, stage.world.jar)
      const { closed, found } = await wholly(stage, request, node, stale, true, interruption)
      stage.world = receive(stage.world, closed)
      return found
    },
  }
}

export function sendSlow(bounds: SlowRequest, label: string): Step {
  return {
    label,
    async play(stage) {
      const { world } = stage
      stage.world = { ...world, requests: [...world.requests, send(stage, bounds, world.jar)] }
      return []
    },
  }
}

export function openSlow(request: Request, node: number, stale: Kept | null, label: string): Step {
  return {
    label,
    async play(stage) {
      const { opened, found } = await openAt(stage, request, node, stale, false)
      stage.world = withRequest(stage.world, request, opened)
      return found
    },
  }
}

export function actSlow(request: Request, label: string): Step {
  return {
    label,
    node: request.node,
    async play(stage, interruption) {
      const { acted, found } = await actOf(stage, request, interruption)
      stage.world = withRequest(stage.world, request, acted)
      return found
    },
  }
}

export function closeSlow(request: Request, label: string): Step {
  return {
    label,
    node: request.node,
    async play(stage, interruption) {
      const { closed, found } = await closeOf(stage, request, interruption)
      stage.world = withRequest(stage.world, request, closed)
      return found
    },
  }
}

export function deliver(request: Request, label: string): Step {
  return {
    label,
    async play(stage) {
      stage.world = receive(withRequest(stage.world, request, null), request)
      return []
    },
  }
}

export function lose(request: Request, label: string): Step {
  return {
    label,
    async play(stage) {
      stage.world = withRequest(stage.world, request, null)
      return []
    },
  }
}

/** The thief uses one of the tokens he kept. */
export function steal(token: string, verb: Verb, node: number, stale: Kept | null, label: string): Step {
  return {
    label,
    async play(stage) {
      const { closed, found } = await wholly(stage, send(stage, { verb, ...AT_ONCE }, token), node, stale, false)
      const { world } = stage
      const rotations = world.thiefRotations + (verb === 'get' ? 0 : 1)
      const { answer } = closed
      const loot = answer === null || answer === 'clear' ? world.loot : [answer.token, ...world.loot].slice(0, 2)
      stage.world = { ...world, loot: [...new Set(loot)], thiefRotations: rotations }
      return found
    },
  }
}

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
      const facts: Facts = afterFailover(world.facts, world.before.facts)
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
      const engine = engineOf(stage)
      const { id } = nameOf(engine, world.jar)
      const found = world.records.get(id)
      if (found?.kind !== 'live') return []
      const endedAt = engine.clock()
      engine.store.end(id, { kind: 'ended', id, reason: 'revoked', endedAt, expiresAt: found.expiresAt })
      const facts = withEnd(world.facts, id, { at: world.now, node: stage.node })
      stage.world = { ...stage.world, facts: { ...facts, loggedIn: false } }
      return []
    },
  }
}

/** The same step, but before one of its calls to the store another request is served on another node. */
export function cut(outer: Step, at: number, inner: Step): Step {
  return {
    label: `${outer.label}, and before its call ${at} to the store: ${inner.label}`,
    async play(stage) {
      const found: Violation[] = []
      const interruption: Interruption = {
        callsLeft: at,
        async play() {
          const { node, token, frozenAt, told, accepted } = stage
          found.push(...(await inner.play(stage)))
          Object.assign(stage, { node, token, frozenAt, told, accepted } satisfies Partial<Stage>)
        },
      }
      const late = await outer.play(stage, interruption)
      stage.interruption = null
      return [...found, ...late]
    },
  }
}

function receive(world: World, request: Request): World {
  const { answer } = request
  const facts = noteDelivered(world, request)
  if (answer === null) return { ...world, facts }
  const jar = answer === 'clear' ? null : answer.token
  const disk = jar === world.jar ? world.disk : { token: world.jar, replacedAt: world.now }
  return { ...world, facts, jar, disk }
}

function withRequest(world: World, old: Request, next: Request | null): World {
  const requests = world.requests.flatMap((request) => (request === old ? (next ?? []) : request))
  return { ...world, requests }
}
