import { begin } from './begin.ts'
import { fingerprintOf } from './canonical.ts'
import { horizonsOf } from './fingerprint.ts'
import { type Flaw, NO_FLAW } from './flaws.ts'
import { stepsOf } from './next.ts'
import type { Violation } from './properties.ts'
import { withoutUnreachable } from './reach.ts'
import type { Run } from './run.ts'
import type { Stage } from './stage.ts'
import type { Step } from './steps.ts'
import type { World } from './world.ts'

export interface Found extends Violation {
  /** The shortest way there. */
  readonly trace: readonly string[]
}

export interface Result {
  readonly states: number
  /** Every state was visited. When not, the search was stopped, by a violation or by the cap. */
  readonly complete: boolean
  readonly found: Found | null
}

export interface Caps {
  readonly maxStates?: number
  readonly maxMs?: number
}

interface Node {
  readonly world: World
  readonly from: Node | null
  readonly label: string
}

/** Breadth first, so that the first violation has a shortest trace. */
export async function explore(run: Run, caps: Caps = {}, flaw: Flaw = NO_FLAW): Promise<Result> {
  const { maxStates = Number.POSITIVE_INFINITY, maxMs = Number.POSITIVE_INFINITY } = caps
  const startedAt = performance.now()
  const stage = await begin(run, flaw)
  const horizons = horizonsOf(run)
  const seen = new Set<number>()
  const isNew = (world: World): boolean => {
    const key = fingerprintOf(stage, world, horizons)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
  let layer: Node[] = [{ world: withoutUnreachable(stage, stage.world), from: null, label: '' }]
  while (layer.length > 0) {
    const next: Node[] = []
    for (const node of layer) {
      for (const step of stepsOf(stage, node.world)) {
        const violation = await play(stage, node.world, step)
        if (violation !== null)
          return { states: seen.size, complete: false, found: { ...violation, trace: traceOf(node, step) } }
        const world = withoutUnreachable(stage, stage.world)
        if (isNew(world)) next.push({ world, from: node, label: step.label })
      }
      if (seen.size >= maxStates || performance.now() - startedAt >= maxMs) {
        return { states: seen.size, complete: false, found: null }
      }
    }
    layer = next
  }
  return { states: seen.size, complete: true, found: null }
}

async function play(stage: Stage, world: World, step: Step): Promise<Violation | null> {
  Object.assign(stage, {
    world,
    node: 0,
    stale: null,
    frozenAt: null,
    token: null,
    interruption: null,
    told: [],
    accepted: [],
  } satisfies Partial<Stage>)
  const found = await step.play(stage)
  if (stage.flaw.after !== undefined) stage.world = stage.flaw.after(stage)
  return found.find(({ property }) => stage.run.checks.includes(property)) ?? null
}

function traceOf(node: Node, step: Step): string[] {
  const labels = [step.label]
  for (let one: Node | null = node; one !== null && one.from !== null; one = one.from) labels.unshift(one.label)
  return labels
}
