import { noteActed, noteCommitted, noteOpened } from './observe.ts'
import { checkCommitted, checkFirstUse, checkOpened, checkWrites, type Violation } from './properties.ts'
import { act, acts, close, open } from './requests.ts'
import type { SlowRequest } from './run.ts'
import type { Interruption, Stage } from './stage.ts'
import type { Kept, Request } from './world.ts'

/** The result of a step. */
export type Found = readonly Violation[]

export const AT_ONCE: Omit<SlowRequest, 'verb'> = { sent: 0, open: 0, way: 0 }

export function send(stage: Stage, bounds: SlowRequest, token: string | null): Request {
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

export async function openAt(stage: Stage, request: Request, node: number, stale: Kept | null, isQuick: boolean) {
  const { records, facts } = stage.world
  begin(stage)
  const opened = await open(stage, request, node, stale)
  noteOpened(stage, opened)
  const now = stage.world.facts
  stage.world = { ...stage.world, facts }
  const found = [...checkOpened(stage, opened, records, isQuick), ...checkFirstUse(stage), ...checkWrites(stage)]
  stage.world = { ...stage.world, facts: now }
  return { opened, found }
}

export async function actOf(stage: Stage, request: Request, interruption: Interruption | null = null) {
  stage.interruption = interruption
  if (!acts(request.verb)) return { acted: request, found: [] as Found }
  begin(stage)
  const acted = await act(stage, request)
  const found = checkWrites(stage)
  noteActed(stage, acted)
  return { acted, found }
}

export async function closeOf(stage: Stage, request: Request, interruption: Interruption | null = null) {
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
export async function wholly(
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
