import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Guard, LoginRuling, LoginSight } from '../core/contracts/guard.ts'
import type { Device } from '../core/contracts/record.ts'
import type { SessionInfo } from '../core/contracts/session.ts'
import type { MaybePromise } from '../core/contracts/store.ts'

export interface SessionLimitOptions {
  /**
   * How many sessions a user may have at once: a whole number from 1, or a function of the user id that returns one, for
   * example by the user's plan. `Infinity` means no limit. Default: no limit, then `perClass` is required.
   */
  readonly most?: number | ((userId: string) => MaybePromise<number>)
  /** The same for each class of devices, in addition to `most`: `{ mobile: 1, desktop: 2 }`. A class that is missing has no limit. */
  readonly perClass?: Readonly<Record<string, number>>
  /**
   * Returns the class of a device, for `perClass`. It must return one of a few words of your own, and the same word each time.
   * Default: `deviceClass`.
   */
  readonly classOf?: (device: Device | null) => string
  /**
   * What happens if a login exceeds a limit. `'end-oldest'` (default): it ends the sessions that began first. `'refuse'`: it
   * throws `ERR_LOGIN_REFUSED`, and the other sessions stay.
   */
  readonly whenFull?: 'end-oldest' | 'refuse'
}

/** A guard that judges logins only. */
export interface SessionLimit extends Guard {
  login(sight: LoginSight): Promise<LoginRuling | null>
}

/**
 * Limits how many sessions a user may have at once (ASVS 5.0 7.1.2). The session that the client already has does not count,
 * because the login replaces it. Expired and ended sessions do not count either.
 *
 * If new devices log in at the same moment, on several servers too, exactly as many sessions as the limit remain: each login
 * stores its session before it counts, and all of them rank the sessions by the same rule. The clocks of the servers must agree:
 * within their difference, the login with the earlier time loses, or with `'refuse'` wins. Put this guard last, so that it counts
 * no login that another guard refuses.
 *
 * ```ts
 * const sessions = createSessions({ guards: [sessionLimit({ most: 3 })] })
 * ```
 *
 * @throws `ERR_OPTION` for a limit below 1. `createSessions` throws `ERR_UNSUPPORTED` if the store cannot list a user's sessions.
 */
export function sessionLimit(options: SessionLimitOptions): SessionLimit {
  checkOptions(
    options,
    { most: 'any', perClass: 'object', classOf: 'function', whenFull: ['end-oldest', 'refuse'] },
    'sessionLimit',
  )
  const { most = Number.POSITIVE_INFINITY, perClass = {}, classOf = deviceClass, whenFull = 'end-oldest' } = options
  const ofClass = new Map(
    Object.entries(perClass).map(([name, limit]) => [name, demandLimit(limit, `perClass.${name}`)]),
  )
  if (typeof most !== 'function') demandLimit(most, 'most')
  if (most === Number.POSITIVE_INFINITY && ofClass.size === 0) {
    throw new SessionError('ERR_OPTION', 'sessionLimit: set most, perClass or both. Without them, there is no limit.')
  }
  const newestFirst = whenFull === 'end-oldest'

  return {
    name: 'session-limit',
    needs: ['list'],
    async login(sight) {
      const limit = typeof most === 'function' ? demandLimit(await most(sight.userId ?? ''), 'most') : most
      const listed = await sight.list()
      const counted = listed.filter(({ id }) => !sight.replaces.includes(id))
      const { kept, over } = divide(ranked(counted, newestFirst), limit, (info) => {
        const name = classOf(info.device)
        return { name, limit: ofClass.get(name) ?? Number.POSITIVE_INFINITY }
      })
      // The user keeps the session that they had.
      if (!listed.some(isCurrent)) return { refuse: ENDED }
      if (!kept.some(isCurrent)) return { refuse: newestFirst ? OVERTAKEN : FULL }
      return over.length === 0 ? null : { end: over.map(({ id }) => id) }
    },
  }
}

function isCurrent({ current }: SessionInfo): boolean {
  return current === true
}

/** A parallel login, or a logout everywhere, has ended this session already. */
const ENDED = 'This session was ended while it began. Log in again.'
const OVERTAKEN = 'Another login of this user came at the same moment. Try again.'
const FULL = 'This user is logged in on as many devices as are allowed. Log out on one of them, and try again.'

/** Every login must rank in the same way, or two of them could end each other. */
function ranked(infos: readonly SessionInfo[], newestFirst: boolean): readonly SessionInfo[] {
  const sorted = [...infos].sort((a, b) => Number(a.createdAt) - Number(b.createdAt) || (a.id < b.id ? -1 : 1))
  return newestFirst ? sorted.reverse() : sorted
}

/** Takes sessions in their order while there is a place. A class that is full takes no place of another one. */
function divide(
  infos: readonly SessionInfo[],
  most: number,
  classOf: (info: SessionInfo) => { readonly name: string; readonly limit: number },
): { readonly kept: readonly SessionInfo[]; readonly over: readonly SessionInfo[] } {
  const kept: SessionInfo[] = []
  const over: SessionInfo[] = []
  const taken = new Map<string, number>()
  for (const info of infos) {
    const { name, limit } = classOf(info)
    const count = taken.get(name) ?? 0
    if (kept.length < most && count < limit) {
      kept.push(info)
      taken.set(name, count + 1)
    } else over.push(info)
  }
  return { kept, over }
}

function demandLimit(limit: unknown, name: string): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && Number(limit) >= 1)) return Number(limit)
  throw new SessionError('ERR_OPTION', `sessionLimit: ${name} must be a whole number from 1, or Infinity.`)
}

const MOBILE = /(?:iPhone|iPad|Android)$/
const DESKTOP = /(?:Windows|macOS|Linux|ChromeOS)$/

/**
 * `'mobile'`, `'desktop'` or `'other'`, from the name that `describeDevice` gave: `Firefox on Android` is mobile. The client writes
 * the header behind it, so it can choose its class. An iPad calls itself macOS unless the user changed that.
 */
export function deviceClass(device: Device | null): 'mobile' | 'desktop' | 'other' {
  const name = device?.name ?? ''
  return MOBILE.test(name) ? 'mobile' : DESKTOP.test(name) ? 'desktop' : 'other'
}
