import type { Carrier } from '../../src/core/contracts/carrier.ts'
import type { SessionId } from '../../src/core/contracts/record.ts'
import { createSetup, type Setup } from '../../src/core/request/setup.ts'
import { hashSecret } from '../../src/core/token/token.ts'
import type { Flaw } from './flaws.ts'
import type { Run } from './run.ts'
import { createStore } from './store.ts'
import { toMs } from './ticks.ts'
import type { Kept, World } from './world.ts'

/** The events that core emitted during a step. */
export interface Told {
  readonly type: 'reuse' | 'renewed' | 'ended'
  readonly id: SessionId
  readonly ended: boolean
}

/** A change that the store accepted. */
export interface Accepted {
  readonly id: SessionId
  readonly verb: 'create' | 'write' | 'end'
  readonly replacesHead: boolean
}

/**
 * Where a step plays: the world as it is, and the nodes' setups, which see that world through the model's store. Core is
 * synchronous on a store that answers at once, and steps run one after the other, so one stage serves a whole run.
 */
export interface Stage {
  readonly run: Run
  readonly setups: readonly Setup[]
  readonly flaw: Flaw
  world: World
  node: number
  /** The answer of the node's near cache to the next read, if it is outdated. */
  stale: Kept | null
  /** Set while core serves a request with this clock, ticks. */
  frozenAt: number | null
  /** The token of the request that core serves. */
  token: string | null
  /** The events between two of core's calls to the store. */
  interruption: Interruption | null
  told: Told[]
  accepted: Accepted[]
}

/** At which call to the store another request is served first, as a whole. */
export interface Interruption {
  callsLeft: number
  readonly play: () => Promise<void>
}

/** Nothing ever comes of a limit this far away. */
const FOREVER = 2_000_000_000

const carrier: Carrier = {
  name: 'model',
  ambient: true,
  vary: 'Cookie',
  read(view) {
    const token = view.header('cookie')
    return { values: token === null ? [] : [token], overflow: false }
  },
  write: (_, token) => [{ name: 'token', value: token, how: 'append' }],
  clear: () => [{ name: 'token', value: '', how: 'append' }],
}

export function createStage(run: Run, world: World, flaw: Flaw): Stage {
  const setups: Setup[] = []
  const stage: Stage = {
    run,
    setups,
    flaw,
    world,
    node: 0,
    stale: null,
    frozenAt: null,
    token: null,
    interruption: null,
    told: [],
    accepted: [],
  }
  for (let node = 0; node < (run.nodes ?? 1); node++) setups.push(createNode(stage, node))
  return stage
}

function createNode(stage: Stage, node: number): Setup {
  const { grace, renew, touch, idle, absolute } = stage.run.limits
  const skew = node === 0 ? 0 : (stage.run.skew ?? 0)
  const setup = createSetup({
    store: createStore(stage),
    carriers: [carrier],
    clock: () => toMs((stage.frozenAt ?? stage.world.now) + skew),
    warn: () => {},
    timeouts: {
      grace: toMs(grace) - toMs(0),
      renew: toMs(renew ?? FOREVER) - toMs(0),
      touch: toMs(touch ?? FOREVER) - toMs(0),
      idle: toMs(idle ?? absolute ?? FOREVER) - toMs(0),
      absolute: toMs(absolute ?? FOREVER) - toMs(0),
    },
  })
  setup.events.on('reuse', ({ id, ended }) => void stage.told.push({ type: 'reuse', id, ended }))
  setup.events.on('renewed', ({ id }) => void stage.told.push({ type: 'renewed', id, ended: false }))
  setup.events.on('ended', ({ id }) => void stage.told.push({ type: 'ended', id, ended: true }))
  return setup
}

/** The setup of the node that the step plays on. */
export function setupOf(stage: Stage): Setup {
  const setup = stage.setups[stage.node]
  if (setup === undefined) throw new Error(`There is no node ${stage.node}.`)
  return setup
}

export interface TokenName {
  readonly id: SessionId
  readonly hash: string
}

const names = new Map<string, TokenName>()

/** The part of a token that the store knows: the session's id and the hash of the secret. */
export function nameOf(setup: Setup, token: string): TokenName {
  const known = names.get(token)
  if (known !== undefined) return known
  const parts = setup.tokens.parse(token)
  if (typeof parts === 'string') throw new Error('The model only makes real tokens.')
  const name = { id: parts.id, hash: hashSecret(parts.secret) }
  if (names.size > 1_000_000) names.clear()
  names.set(token, name)
  return name
}
