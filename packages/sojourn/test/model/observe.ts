import type { SessionId } from '../../src/core/contracts/record.ts'
import {
  type Facts,
  withConfirmed,
  withEnd,
  withExpired,
  withoutTold,
  withRotated,
  withSuccessor,
  withToken,
  withTold,
} from './facts.ts'
import { nameOf, type Stage, setupOf, type TokenName } from './stage.ts'
import type { Request, World } from './world.ts'

/** The name of the token that a request came with, `null` when it came with none. */
export function presented(stage: Stage, { token }: Pick<Request, 'token'>): TokenName | null {
  return token === null ? null : nameOf(setupOf(stage), token)
}

/** The notes of an observer when a request was opened. */
export function noteOpened(stage: Stage, request: Request): void {
  const name = presented(stage, request)
  let { facts } = stage.world
  if (name !== null && request.state?.refused === 'expired') facts = withExpired(facts, name.id)
  note(stage, facts)
}

/** ... when its handler ran. */
export function noteActed(stage: Stage, request: Request): void {
  const { state, verb, succeeded } = request
  const name = presented(stage, request)
  if (!succeeded || state === null) return
  const { grace } = stage.run.limits
  const moment = { at: stage.world.now, node: request.node }
  let { facts } = stage.world
  if (verb === 'login' && name !== null) facts = endOf(stage, facts, name.id, moment)
  if (verb === 'logout' && name !== null) facts = endOf(stage, facts, name.id, moment)
  const changes = (verb === 'rotate' || verb === 'reauthenticated') && state.held !== null
  if (changes && name !== null) facts = withRotated(facts, name.id, moment, grace)
  // Until its answer is there, the browser has a token that is good for nothing.
  if (verb === 'login' || verb === 'logout' || changes) facts = { ...facts, loggedIn: false }
  note(stage, facts)
}

/** A session that is not there cannot be ended; one that was never stored has no end. */
function endOf({ world }: Stage, facts: Facts, id: SessionId, moment: { at: number; node: number }): Facts {
  return world.records.has(id) ? withEnd(facts, id, moment) : facts
}

/** ... when it was committed. */
export function noteCommitted(stage: Stage, before: Request, after: Request): void {
  const name = presented(stage, before)
  const { grace } = stage.run.limits
  let { facts } = stage.world
  if (name !== null && before.state?.held?.record.id === name.id && after.succeeded) {
    facts = withConfirmed(facts, name.hash, { at: stage.world.now + grace, node: before.node })
  }
  const given = givenBy(stage, after)
  if (given !== null) {
    facts = withToken(facts, given.id, given.hash)
    if (name !== null && isRenewal(after, name, given)) facts = withSuccessor(facts, name.hash, given.hash)
  }
  note(stage, facts)
}

/** The token that an answer hands out. */
export function givenBy(stage: Stage, { answer }: Pick<Request, 'answer'>): TokenName | null {
  return answer === null || answer === 'clear' ? null : nameOf(setupOf(stage), answer.token)
}

export function isRenewal({ verb }: Request, from: TokenName, to: TokenName): boolean {
  return from.id === to.id && from.hash !== to.hash && verb !== 'rotate' && verb !== 'reauthenticated'
}

/** ... when the browser got the answer of a verb. */
export function noteDelivered(world: World, { verb, answer, succeeded }: Request): Facts {
  const proves = verb === 'login' || verb === 'reauthenticated' || verb === 'rotate'
  return succeeded && proves && answer !== null && answer !== 'clear' ? { ...world.facts, loggedIn: true } : world.facts
}

/** Events that core emitted during the step count as seen. */
function note(stage: Stage, facts: Facts): void {
  let next = facts
  for (const { type, id, ended } of stage.told) {
    if (type === 'reuse' && !ended) next = withTold(next, id, stage.world.now)
    if (type === 'renewed') next = withoutTold(next, id)
    if (type === 'ended') next = withEnd(next, id, { at: stage.world.now, node: stage.node })
  }
  stage.world = { ...stage.world, facts: next }
}
