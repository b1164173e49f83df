import type { CookieOptions } from '../../carriers/cookie-options.ts'
import type { HeaderChange, RequestView } from '../../core/contracts/carrier.ts'
import { createGuardCookie, type GuardCookie } from '../_cookie.ts'
import type { Client } from '../anomaly/_client.ts'
import type { SecretBox } from './secret-box.ts'

/** What a browser's own cookie says about one user who logged in there. It names nobody. */
export interface KnownDevice {
  /** A MAC of the user id. */
  readonly tag: string
  /** Stays the same as long as the browser keeps the cookie: the id of the session whose login was reported. */
  readonly device: string
  readonly client: Pick<Client, 'program' | 'system'>
  /** From where the user logged in, as far as a look-up knows. ISO 3166-1 alpha-2. */
  readonly countries: readonly string[]
  /** The last login, ms since the epoch. */
  readonly seenMs: number
}

/** The memory of known devices: on the devices themselves, so that nothing about them is stored on the server. */
export interface KnownDevices extends Pick<GuardCookie, 'joined'> {
  /** What the browser presents for this user, and for others. */
  read(view: RequestView, userId: string): Promise<Presented>
  /** The value of a cookie that also knows this device. */
  remember(others: readonly KnownDevice[], userId: string, device: Omit<KnownDevice, 'tag'>): Promise<string>
  /** The headers that give the browser this cookie. */
  write(view: RequestView, cookie: string): readonly HeaderChange[]
}

export interface Presented {
  readonly known: KnownDevice | null
  readonly others: readonly KnownDevice[]
}

/** People who share a browser. Who logged in longest ago is forgotten. */
const MOST_USERS = 5
const MOST_COUNTRIES = 4

export function createKnownDevices(box: SecretBox, options: CookieOptions | undefined, keptMs: number): KnownDevices {
  const jar = createGuardCookie('known-devices', options)

  return {
    joined: jar.joined,
    async read(view, userId) {
      const tags = box.tagsOf(userId)
      const opened = await Promise.all(jar.read(view).values.map((text) => box.open(text)))
      const devices = opened.flatMap(toDevices)
      const isMine = ({ tag }: KnownDevice): boolean => tags.includes(tag)
      return { known: devices.find(isMine) ?? null, others: devices.filter((each) => !isMine(each)) }
    },
    async remember(others, userId, device) {
      const [tag = ''] = box.tagsOf(userId)
      const all = [{ ...device, tag }, ...others].sort((a, b) => b.seenMs - a.seenMs).slice(0, MOST_USERS)
      return box.close(all.map(toTexts))
    },
    write: (view, cookie) => jar.write(view, cookie, keptMs / 1000),
  }
}

function toTexts({ tag, device, client, countries, seenMs }: KnownDevice): readonly unknown[] {
  return [tag, device, client.program, client.system, countries.slice(0, MOST_COUNTRIES).join(), seenMs]
}

/** Only we can write such a cookie, but an earlier version may have. */
function toDevices(opened: unknown): readonly KnownDevice[] {
  if (!Array.isArray(opened)) return []
  return opened.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return []
    const [tag, device, program, system, countries, seenMs] = entry as readonly unknown[]
    const isWhole = [tag, device, program, system, countries].every((each) => typeof each === 'string')
    if (!isWhole || typeof seenMs !== 'number') return []
    const [, , , , text] = entry as string[]
    return [
      {
        tag: String(tag),
        device: String(device),
        client: { program: String(program), system: String(system) },
        countries: (text ?? '').split(',').filter((country) => country !== ''),
        seenMs,
      },
    ]
  })
}
