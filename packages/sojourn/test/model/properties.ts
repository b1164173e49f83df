import { givenBy, isRenewal, presented } from './observe.ts'
import type { Property, Run } from './run.ts'
import type { Stage } from './stage.ts'
import type { Records, Request } from './world.ts'

/** A broken promise, in words. */
export interface Violation {
  readonly property: Property
  readonly text: string
}

type Found = readonly Violation[]

/** How long another node's near cache may keep what this node has replaced. */
function lagOf({ maxStale = 0 }: Run): number {
  return maxStale
}

/** The properties after a request was opened. `stage` has the earlier events; `before` is the store until then. */
export function checkOpened(stage: Stage, request: Request, before: Records, isQuick: boolean): Found {
  const { world, run } = stage
  const name = presented(stage, request)
  const isHonoured = request.state !== null && request.state.held !== null
  const found: Violation[] = []
  if (isQuick && world.facts.loggedIn && !isHonoured && request.state?.refused !== 'expired') {
    const text = `the user is logged out: ${request.state?.refused ?? 'no cookie'}`
    found.push({ property: 'S3', text }, { property: 'S6', text })
  }
  if (name === null) return found
  const { facts, now } = world
  const end = facts.ended.get(name.id)
  const isEnded = end !== undefined && (end.node === request.node || now - end.at >= lagOf(run))
  if (isHonoured && isEnded) {
    const text = 'an ended session was opened'
    found.push({ property: 'S1', text }, ...(run.thief === undefined ? [] : [{ property: 'S4' as const, text }]))
  }
  if (isHonoured && facts.expired.has(name.id))
    found.push({ property: 'S8', text: 'a session that had expired was opened' })
  const token = facts.tokens.get(name.hash)
  const slack = (run.skew ?? 0) + lagOf(run)
  if (isHonoured && token?.dead && now >= token.dead.at + slack) {
    const text = 'a replaced token opened the session'
    found.push({ property: 'S2', text }, ...(world.failedOver ? [{ property: 'S7' as const, text }] : []))
  }
  return [...found, ...checkTold(stage, request, before)]
}

/** The first use of a token past its grace is reported. The next use, a grace or more later, ends the session. */
function checkTold(stage: Stage, request: Request, before: Records): Found {
  const { world, run, told } = stage
  const name = presented(stage, request)
  const token = name === null ? undefined : world.facts.tokens.get(name.hash)
  if (name === null || token === undefined || token.alarmAt === null) return []
  const slack = (run.skew ?? 0) + lagOf(run)
  if (before.get(name.id)?.kind !== 'live' || request.state?.refused === 'expired') return []
  if (world.now < token.alarmAt + slack) return []
  const toldAt = world.facts.told.get(name.id)
  const isTold = told.some(({ type, id }) => type === 'reuse' && id === name.id)
  if (toldAt === undefined)
    return isTold ? [] : [{ property: 'S4', text: 'an old token was used, and nobody was told' }]
  if (world.now < toldAt + run.limits.grace + slack) return []
  const isEnded = world.records.get(name.id)?.kind === 'ended'
  return isEnded ? [] : [{ property: 'S4', text: 'an old token was used again, and the session goes on' }]
}

/** A reported use must not end a session that it was reported for the first time. */
export function checkFirstUse(stage: Stage): Found {
  const { told, world } = stage
  const ended = told.find(({ type, ended, id }) => type === 'reuse' && ended && !world.facts.told.has(id))
  return ended === undefined ? [] : [{ property: 'S7', text: 'one use of a forgotten token ended the session' }]
}

/** The properties after a request was committed. */
export function checkCommitted(stage: Stage, before: Request, after: Request): Found {
  const { world } = stage
  const name = presented(stage, before)
  const given = givenBy(stage, after)
  if (name === null || given === null || !isRenewal(after, name, given)) return []
  const found: Violation[] = []
  const known = world.facts.tokens.get(name.hash)?.successor ?? null
  if (known !== null && known !== given.hash)
    found.push({ property: 'S5', text: 'parallel requests got different successors' })
  const kept = world.records.get(given.id)
  const newest = kept?.kind === 'live' ? (kept.head.renewal?.next ?? kept.head.secret) : null
  if (newest !== given.hash) found.push({ property: 'S5', text: 'a renewal handed out a token that is not the newest' })
  return found
}

/** No write of a request reaches a session that ended, or that a client was told had expired. */
export function checkWrites({ accepted, world, run }: Stage): Found {
  const writes = accepted.filter(({ verb }) => verb === 'write')
  const found: Violation[] = []
  if (writes.some(({ id }) => world.facts.ended.has(id))) {
    found.push({ property: 'S8', text: 'a request wrote to a session that had ended' })
  }
  const late = writes.find(({ id, replacesHead }) => replacesHead && world.facts.expired.has(id))
  if (late !== undefined && run.limits.absolute !== undefined) {
    found.push({ property: 'S8', text: 'a request changed a session that had expired' })
  }
  return found
}
