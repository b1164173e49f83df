import type { DamagedRecord, Device, Head, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { SessionInfo } from '../contracts/session.ts'
import { expiryOf, isLive, isRemembered } from '../token/token.ts'
import { isOver } from './caller.ts'
import type { Setup } from './setup.ts'

/** Live sessions only, and none from before the last `endAll`, the most recently used first. */
export function liveOf(setup: Setup, kept: readonly (SessionRecord | Tombstone | DamagedRecord)[]): SessionRecord[] {
  const now = setup.clock()
  return kept
    .filter((one): one is SessionRecord => isLive(one, now, setup.limits) && !isOver(setup, one))
    .sort((a, b) => b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt)
}

export function toInfo(setup: Setup, record: SessionRecord): SessionInfo {
  const { id, createdAt, lastSeenAt, head } = record
  return {
    id,
    createdAt: new Date(createdAt),
    lastSeenAt: new Date(lastSeenAt),
    expiresAt: new Date(expiryOf(record, setup.limits)),
    authenticatedAt: proofOf(head).authenticatedAt,
    device: deviceOf(record),
    remembered: isRemembered(record.head, setup.limits),
  }
}

export function deviceOf({ head }: { readonly head: Partial<Head> }): Device | null {
  return head.device === undefined ? null : Object.freeze({ ...head.device })
}

export interface ShownProof {
  readonly authenticatedAt: Date | null
  readonly methods: readonly string[]
  readonly assurance: string | null
}

/** How the user proved who they are. Empty for an anonymous session, and if a guard distrusts the proof. */
export function proofOf(head: Partial<Head> = {}, distrusts = false): ShownProof {
  const isTrusted = !distrusts && head.distrustedAt === undefined
  const { authenticatedAt, methods = [], assurance = null } = isTrusted ? head : {}
  return { authenticatedAt: toDate(authenticatedAt), methods: Object.freeze([...methods]), assurance }
}

export function toDate(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}
