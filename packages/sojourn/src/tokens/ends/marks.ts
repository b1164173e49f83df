import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { sha256Text } from '../../core/token/mac.ts'
import { toId } from '../../core/token/token.ts'
import type { Bus } from '../../stores/around/near-cache/bus.ts'

// A mark is what an end is noted under: the id of a session, the `jti` of a token, or the hash of a user id. Each has 22 characters.

const MARK = /^[\w-]{22}$/
const NOTICE = /^end-([\w-]{22})-([0-9a-z]{1,12})$/
/** No time in seconds is as late as this. */
const FOREVER = 'z'.repeat(12)

/** The bus and the list name no user. */
export function toUserMark(userId: string): string {
  return toId(sha256Text(toUtf8(`sojourn user ${userId}`)))
}

export function isMark(text: unknown): text is string {
  return typeof text === 'string' && MARK.test(text)
}

/** A bus carries ids, so a notice has the form of one, but that of no session: a near cache may use the same bus. */
export function toNotice(mark: string, cut: number): SessionId {
  return `end-${mark}-${toCutText(cut)}` as SessionId
}

/** `null` if it is not a notice. */
export function fromNotice(text: string): readonly [mark: string, cut: number] | null {
  const [, mark, cut] = NOTICE.exec(text) ?? []
  return mark === undefined || cut === undefined ? null : [mark, fromCutText(cut)]
}

export function toCutText(cut: number): string {
  return cut === Number.POSITIVE_INFINITY ? FOREVER : cut.toString(36)
}

export function fromCutText(text: string): number {
  return text === FOREVER ? Number.POSITIVE_INFINITY : Number.parseInt(text, 36)
}

/** Throws `ERR_OPTION` for a bus that carries what the server says, and nothing of ours. */
export function assertCarries(bus: Bus | null, where: string): void {
  if (bus?.name !== 'redis-tracking') return
  throw new SessionError(
    'ERR_OPTION',
    `${where}: redisTrackingBus cannot carry ends. Use redisBus with the same server.`,
  )
}
