import { NO_FACTS, withToken } from './facts.ts'
import type { Flaw } from './flaws.ts'
import type { Run } from './run.ts'
import { createStage, nameOf, type Stage, setupOf } from './stage.ts'
import { quick } from './steps.ts'
import type { World } from './world.ts'

const NOTHING: World = {
  now: 0,
  records: new Map(),
  past: [],
  before: null,
  failedOver: false,
  jar: null,
  disk: null,
  crashed: false,
  requests: [],
  loot: [],
  thiefRotations: 0,
  facts: NO_FACTS,
}

/** A stage on which the user has just logged in, or on which an old cookie is left of a session that is over. */
export async function begin(run: Run, flaw: Flaw): Promise<Stage> {
  const stage = createStage(run, NOTHING, flaw)
  await quick('login', 0, null, '').play(stage)
  const { jar } = stage.world
  if (jar === null) throw new Error('The login gave no token.')
  if (run.begin === 'ended') {
    await quick('logout', 0, null, '').play(stage)
  }
  const isOver = run.begin !== undefined && run.begin !== 'logged in'
  const records = run.begin === 'unknown' ? NOTHING.records : stage.world.records
  const facts = isOver
    ? withToken(NO_FACTS, nameOf(setupOf(stage), jar).id, nameOf(setupOf(stage), jar).hash)
    : stage.world.facts
  const { absolute = 0, grace } = run.limits
  stage.world = {
    ...NOTHING,
    now: run.begin === 'expired' ? absolute : run.begin === 'ended' ? grace : 0,
    records,
    facts,
    jar,
    loot: run.thief === undefined ? [] : [jar],
  }
  return stage
}
