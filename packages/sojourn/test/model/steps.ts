import { noteDelivered } from './observe.ts'
import type { Violation } from './properties.ts'
import type { SlowRequest, Verb } from './run.ts'
import { AT_ONCE, actOf, closeOf, type Found, openAt, send, wholly } from './serve.ts'
import type { Interruption, Stage } from './stage.ts'
import type { Kept, Request, World } from './world.ts'

/** One thing that can happen next. */
export interface Step {
  readonly label: string
  /** Where core serves a request in it, from the handler on. Left out: it serves none, or it only opens one. */
  readonly node?: number
  readonly play: (stage: Stage, interruption?: Interruption) => Promise<Found>
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
