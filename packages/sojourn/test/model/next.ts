import { crash, failOver, revoke, tick } from './events.ts'
import { acts } from './requests.ts'
import type { Run, SlowRequest, Verb } from './run.ts'
import { nameOf, type Stage } from './stage.ts'
import { actSlow, closeSlow, cut, deliver, lose, openSlow, quick, type Step, sendSlow, steal } from './steps.ts'
import { staleAnswers } from './store.ts'
import type { Kept, Request, World } from './world.ts'

/** Everything that can happen next in this world. */
export function stepsOf(stage: Stage, world: World): Step[] {
  const { run } = stage
  const steps = [...serving(stage, world), ...stepsOfThief(stage, world)]
  if (run.cuts !== undefined) steps.push(...cutsOf(stage, run.cuts, steps))
  if (world.requests.length < (run.parallel ?? 1)) {
    for (const bounds of run.slow ?? []) steps.push(sendSlow(bounds, `send ${nameOfSlow(bounds)}`))
  }
  if (canWait(run, world)) steps.push(tick('a tick'))
  if (run.failover && world.before !== null && !world.failedOver) steps.push(failOver('failover'))
  if (canCrash(run, world)) steps.push(crash('crash'))
  if (run.revokes) steps.push(revoke('revoke'))
  return steps
}

/** The requests of the owner that the nodes may serve next. */
function serving(stage: Stage, world: World): Step[] {
  const steps: Step[] = []
  for (const request of world.requests) steps.push(...stepsOfRequest(stage, world, request))
  for (const verb of stage.run.quick)
    steps.push(...views(stage, world, world.jar, (node, stale, seen) => quick(verb, node, stale, `${verb}${seen}`)))
  return steps
}

/** No verb of core makes more calls than this without waiting for another answer. */
const CALLS = 3

function cutsOf({ setups }: Stage, cuts: readonly Verb[], steps: readonly Step[]): Step[] {
  const inner = cuts.map((verb) => quick(verb, setups.length - 1, null, `${verb} on node ${setups.length}`))
  return steps
    .filter(({ node }) => node === 0)
    .flatMap((outer) => inner.flatMap((one) => Array.from({ length: CALLS }, (_, i) => cut(outer, i + 1, one))))
}

function stepsOfRequest(stage: Stage, world: World, request: Request): Step[] {
  const name = nameOfSlow(request.bounds)
  if (request.phase === 'sent') {
    return views(stage, world, request.token, (node, stale, seen) =>
      openSlow(request, node, stale, `open ${name}${seen}`),
    )
  }
  if (request.phase === 'open' && acts(request.verb)) return [actSlow(request, `run ${name}`)]
  if (request.phase !== 'answered') return [closeSlow(request, `commit ${name}`)]
  const step = deliver(request, `deliver ${name}`)
  return stage.run.losses ? [step, lose(request, `lose the answer of ${name}`)] : [step]
}

function stepsOfThief(stage: Stage, world: World): Step[] {
  const { thief } = stage.run
  if (thief === undefined) return []
  return world.loot.flatMap((token, i) =>
    thief.verbs
      .filter((verb) => verb === 'get' || world.thiefRotations < (thief.rotations ?? 0))
      .flatMap((verb) =>
        views(stage, world, token, (node, stale, seen) =>
          steal(token, verb, node, stale, `thief: ${verb} with his ${i === 0 ? 'newest' : 'older'} token${seen}`),
        ),
      ),
  )
}

/** On every node, with every answer that the node's store may give. */
function views(
  { setups }: Stage,
  world: World,
  token: string | null,
  make: (node: number, stale: Kept | null, seen: string) => Step,
): Step[] {
  return setups.flatMap((setup, node) => {
    const where = setups.length === 1 ? '' : ` on node ${node + 1}`
    const old = token === null ? [] : staleAnswers(world, nameOf(setup, token).id, node)
    return [make(node, null, where), ...old.map((stale, i) => make(node, stale, `${where}, ${old.length - i} behind`))]
  })
}

/** No phase of a request lasts longer than the run says. */
function canWait(_: Run, world: World): boolean {
  return world.requests.every(({ bounds, phase, since }) => {
    const limit = phase === 'sent' ? bounds.sent : phase === 'answered' ? bounds.way : bounds.open
    return world.now - since < limit
  })
}

function canCrash({ crash: bound }: Run, { disk, crashed, now }: World): boolean {
  return bound !== undefined && !crashed && disk !== null && now - disk.replacedAt <= bound
}

function nameOfSlow({ verb }: SlowRequest): Verb | string {
  return `slow ${verb}`
}
