import type { SessionInfo } from '../../core/contracts/session.ts'
import { type Client, differenceOf } from '../anomaly/_client.ts'
import type { KnownDevice } from './known-devices.ts'

/** What a login shows that the user did not use before. */
export type NewDeviceFinding = 'new-device' | 'new-place' | 'device-copied'

/** A login, as far as it is compared. */
export interface Visit {
  readonly client: Client
  /** ISO 3166-1 alpha-2; `null` if it is not known. */
  readonly country: string | null
}

/** Compares a login with what the browser's cookie says. `null`: the user knows this device. */
export function judge(known: KnownDevice | null, { client, country }: Visit): NewDeviceFinding | null {
  if (known === null) return 'new-device'
  if (isOtherClient({ ...known.client, major: 0 }, client)) return 'device-copied'
  const isElsewhere = country !== null && known.countries.length > 0 && !known.countries.includes(country)
  return isElsewhere ? 'new-place' : null
}

/** Updates and "the desktop site" are the same browser. A cookie does not move to another one, or to a program without a name. */
function isOtherClient(before: Client, now: Client): boolean {
  const isUnnamed = now.program === '?' || now.program === 'none'
  if (isUnnamed && before.program !== now.program) return true
  return !['same', 'update', 'similar-system'].includes(differenceOf(before, now))
}

/** Whether the user has another live session with the same program, system and network, as in a private window. */
export function isLikeASession(sessions: readonly SessionInfo[]): boolean {
  const mine = sessions.find(({ current }) => current === true)?.device ?? null
  if (mine === null || mine.name === null || mine.ip === null) return false
  return sessions.some(({ current, device }) => current !== true && device?.name === mine.name && device.ip === mine.ip)
}
