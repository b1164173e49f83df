import type { HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Finding, Guard, GuardOwner, LoginRuling, LoginSight } from '../core/contracts/guard.ts'
import type { SessionId } from '../core/contracts/record.ts'
import type { Session } from '../core/contracts/session.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { attempt, rescue } from '../core/lib/maybe.ts'
import { type Acting, reportFault } from '../core/request/for-guards.ts'
import { sightOf } from '../core/request/for-handlers.ts'
import { hidesClients } from './_hides-clients.ts'
import { type Client, clientOf, nameOfClient } from './anomaly/_client.ts'
import { createEndpoint, isDisowned } from './new-device/endpoint.ts'
import { isLikeASession, judge, type NewDeviceFinding, type Visit } from './new-device/judge.ts'
import type { KnownDevice } from './new-device/known-devices.ts'
import { toMail } from './new-device/mail.ts'
import { type NewDeviceNotice, type NewDeviceOptions, type Settings, toSettings } from './new-device/options.ts'
import { inWords } from './new-device/words.ts'

export type { Locate } from './anomaly/_look-up.ts'
export type { NewDeviceFinding } from './new-device/judge.ts'
export type { NewDeviceMail } from './new-device/mail.ts'
export type { Disowned, NewDeviceNotice, NewDeviceOptions } from './new-device/options.ts'
export { english, type NewDeviceLogin, type NewDeviceText, type PageText } from './new-device/text.ts'

/** The guard, and what handlers report to it. */
export interface NewDevice extends Guard {
  /**
   * Says that this request creates the account. Call it before `session.login`: then the first device of the user joins without a
   * mail. Logins of other requests are judged as always.
   */
  registered(session: Session<object>): void
}

/** What a login leaves for its response. */
interface Leaving {
  /** The cookie of known devices. `null`: it stays as it is. */
  readonly cookie: string | null
  readonly notice: NewDeviceNotice | null
}

const NO_HEADERS: readonly HeaderChange[] = []

/**
 * Tells users about a login from a device or a place that they have not used before, by a mail with a link "this was not me". The
 * page of the link has a button, which ends all sessions of the user, on any browser and without a login. Browser updates, other
 * addresses and roaming stay quiet. Which devices a user knows is written in an encrypted cookie on each device, and nowhere else.
 *
 * The guard answers one path by itself, `/this-was-not-me`, wherever an adapter runs. It emits the event `finding`, with
 * `new-device`, `new-place`, `device-copied` or `disowned`.
 *
 * ```ts
 * const devices = newDevice({
 *   origin: 'https://shop.example',
 *   keys: [process.env.SESSION_KEY ?? ''],
 *   notify: ({ userId, mail }) => mailQueue.add({ to: userId, ...mail }),
 *   disowned: ({ userId }) => demandNewPassword(userId),
 * })
 * const sessions = createSessions({ guards: [devices] })
 * ```
 *
 * @throws `ERR_OPTION` for a wrong option. `createSessions` throws `ERR_UNSUPPORTED` if the store cannot list a user's sessions.
 */
export function newDevice(options: NewDeviceOptions): NewDevice {
  const settings = toSettings(options)
  const answer = createEndpoint(settings)
  const leaving = new WeakMap<RequestView, Leaving>()
  const registering = new WeakSet<RequestView>()
  let owner: GuardOwner | null = null

  function actingFor(view: RequestView): Acting {
    if (owner === null) throw new SessionError('ERR_OPTION', 'Add new-device to guards of createSessions.')
    return { owner, view }
  }

  const guard: NewDevice = {
    name: 'new-device',
    endpoints: [settings.path],
    needs: ['list', 'lost-update'],
    // A user must be able to log in while a service that only notices something is down. Each failure is a `fault`.
    whenDown: 'allow',
    joined(by) {
      if (owner !== null) throw new SessionError('ERR_OPTION', 'Make one newDevice for each createSessions.')
      owner = by
      settings.devices.joined(by)
    },
    opened(sight) {
      const { view } = sight
      if (!view.url.startsWith(settings.path) || view.url.split('?', 1)[0] !== settings.path) return null
      return answer(guard, actingFor(view), sight).then((given) => ({ answer: given }))
    },
    async login(sight) {
      const { view, id, userId } = sight
      if (id === null || userId === null) return null
      const login = { ...sight, id, userId, isFirst: registering.has(view) }
      const { ruling, ...rest } = await judgeLogin(settings, guard, actingFor(view), login)
      leaving.set(view, rest)
      return ruling
    },
    leaving({ view }, did) {
      const mine = leaving.get(view)
      if (did !== 'login' || mine === undefined) return NO_HEADERS
      leaving.delete(view)
      const { notice, cookie } = mine
      if (notice !== null) {
        attempt(
          () => settings.notify(notice),
          (error) => reportFault(actingFor(view), guard, error),
        )
      }
      return cookie === null ? NO_HEADERS : settings.devices.write(view, cookie)
    },
    registered(session) {
      registering.add(sightOf(session, guard).view)
    },
  }
  return guard
}

interface UserLogin extends LoginSight {
  readonly id: SessionId
  readonly userId: string
  /** The account was created a moment ago, by this request. */
  readonly isFirst: boolean
}

async function judgeLogin(
  settings: Settings,
  guard: Guard,
  acting: Acting,
  sight: UserLogin,
): Promise<Leaving & { readonly ruling: LoginRuling | null }> {
  const { devices, rememberMs } = settings
  const { view, userId, id } = sight
  const nowMs = Number(sight.now)
  const visit = { client: clientOf(view), country: await countryOf(settings, guard, acting, nowMs) }
  const presented = await devices.read(view, userId)
  const { device = null } = presented.known ?? {}
  // Whatever cannot be found out, the user is told.
  const isRefused = device !== null && (await or(true, guard, acting, () => isDisowned(acting, device)))
  const isOld = presented.known !== null && nowMs - presented.known.seenMs >= rememberMs
  const known = isRefused || isOld ? null : presented.known
  const seen = judge(known, visit)
  // What looks like a live session of the user is not remembered: if the user disowns that one, this one must be unknown too.
  const isUnknown = seen === 'new-device' && !isRefused && !sight.isFirst
  if (isUnknown && !hidesClients(view) && isLikeASession(await or([], guard, acting, () => sight.list()))) {
    return { cookie: null, notice: null, ruling: null }
  }
  const isNews =
    seen !== null &&
    !sight.isFirst &&
    !(isUnknown && (await or(false, guard, acting, () => appKnows(settings, userId, visit))))
  const entry = toEntry(known, visit, isNews && seen !== 'new-place' ? id : (known?.device ?? id), nowMs)
  const cookie = await devices.remember(presented.others, userId, entry)
  if (!isNews) return { cookie, notice: null, ruling: null }
  const notice = await toNotice(settings, guard, acting, sight, { finding: seen, visit, device: entry.device })
  return { cookie, notice, ruling: { report: toFinding(notice, known) } }
}

function toEntry(
  known: KnownDevice | null,
  { client, country }: Visit,
  device: string,
  seenMs: number,
): Omit<KnownDevice, 'tag'> {
  const before = known?.device === device ? known.countries : []
  const countries = country === null ? before : [country, ...before.filter((each) => each !== country)]
  return { device, client, countries, seenMs }
}

async function toNotice(
  settings: Settings,
  guard: Guard,
  acting: Acting,
  { userId, id, now: at }: UserLogin,
  { finding, visit, device }: { finding: NewDeviceFinding; visit: Visit; device: string },
): Promise<NewDeviceNotice> {
  const { country } = visit
  const client = nameWithoutVersion(visit.client)
  const until = new Date(Number(at) + settings.linkForMs)
  const times = { atMs: Number(at), untilMs: Number(until) }
  const link = await settings.links.create({ id, userId, device, client, country, ...times })
  const login = { site: settings.site, device: client, country, at, until }
  const mail = inWords(settings, guard, acting, userId, (words) => toMail(words, login, link))
  return { userId, id, finding, at, device: client, country, link, until, mail }
}

const SCORES: Readonly<Record<NewDeviceFinding, number>> = { 'new-device': 0.3, 'new-place': 0.4, 'device-copied': 0.7 }

function toFinding({ finding, device, country }: NewDeviceNotice, known: KnownDevice | null): Finding {
  const from = country === null ? '' : `, in ${country}`
  const texts: Readonly<Record<NewDeviceFinding, string>> = {
    'new-device': `The user logged in with ${device}${from}, which they have not used before. Somebody else may know their password.`,
    'new-place': `The user logged in with a known device${from}, where they have not logged in before (${known?.countries.join(', ')}). They may be traveling, or somebody copied the cookie of the device.`,
    'device-copied': `The cookie of a known device came from ${device}${from}, and it belongs to ${nameOfKnown(known)}. Somebody may have copied it, and may know the user's password.`,
  }
  return { finding, score: SCORES[finding], message: texts[finding] }
}

function nameOfKnown(known: KnownDevice | null): string {
  return known === null ? 'another device' : nameWithoutVersion({ ...known.client, major: 0 })
}

/** Our own words only, whatever the client writes into its headers. */
function nameWithoutVersion(client: Client): string {
  return nameOfClient({ ...client, major: 0 })
}

/** A failed look-up says nothing. */
async function countryOf(settings: Settings, guard: Guard, acting: Acting, nowMs: number): Promise<string | null> {
  const network = await or(null, guard, acting, () => settings.lookUp(acting.view.peer, nowMs))
  return network?.country ?? null
}

async function appKnows({ known }: Settings, userId: string, { client, country }: Visit): Promise<boolean> {
  return (await known(userId, { device: nameWithoutVersion(client), country })) === true
}

/** What the work returns, or `otherwise` if it fails. */
async function or<T>(otherwise: T, guard: Guard, acting: Acting, work: () => MaybePromise<T>): Promise<T> {
  return rescue<T>(work, (error) => {
    reportFault(acting, guard, error)
    return otherwise
  })
}
