import type { CookieOptions } from '../../carriers/cookie-options.ts'
import type { RequestView } from '../../core/contracts/carrier.ts'
import { checkOptions, type OptionKinds } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { isLoopbackHostname } from '../../core/lib/view.ts'
import { createLookUp, type Locate, type LookUp } from '../anomaly/_look-up.ts'
import type { NewDeviceFinding } from './judge.ts'
import { createKnownDevices, type KnownDevices } from './known-devices.ts'
import { createLinks, type Links } from './link.ts'
import type { NewDeviceMail } from './mail.ts'
import { createPageMaker, type PageMaker } from './page.ts'
import { createSecretBox } from './secret-box.ts'
import { english, type NewDeviceText } from './text.ts'

/** A login to tell its user about. Do not log it, because whoever has the link can end sessions. */
export interface NewDeviceNotice {
  readonly userId: string
  /** The session that began. */
  readonly id: SessionId
  readonly finding: NewDeviceFinding
  readonly at: Date
  /** `Firefox on Linux`, in our own words. */
  readonly device: string
  /** ISO 3166-1 alpha-2, `null` if it is not known. */
  readonly country: string | null
  /** For the user only. It works until `until`, once. */
  readonly link: string
  readonly until: Date
  /** Ready to be sent to the user's address. */
  readonly mail: NewDeviceMail
}

/** A user said that a login was not theirs. */
export interface Disowned {
  readonly userId: string
  /** The session that the mail was about. It has ended. */
  readonly id: SessionId
  /** When its login was. */
  readonly loggedInAt: Date
  /** How many live sessions ended. */
  readonly count: number
}

export interface NewDeviceOptions {
  /** The address of the application, as users see it, without a path: `https://shop.example`. Links of mails lead there. */
  readonly origin: string
  /**
   * Random secrets of 32 bytes or more, newest first, for links and for the cookie of known devices. May be those of
   * `createSessions`. A link that was made with a key works as long as the key is in the list.
   */
  readonly keys: readonly (string | Uint8Array)[]
  /**
   * Sends the mail. Called when the response of the login begins, and not awaited: give the mail to a queue. If it throws or
   * rejects, the event `fault` reports it.
   */
  readonly notify: (notice: NewDeviceNotice) => unknown
  /**
   * Called once the sessions have ended, for example to demand a new password at the next login. If it throws or rejects, the user
   * can press the button again, so it may be called twice.
   */
  readonly disowned: (report: Disowned) => MaybePromise<void>
  /** What the button ends. `'all'` (default): all sessions of the user. `'session'`: only that of the mail. */
  readonly ends?: 'all' | 'session'
  /** The guard answers this path. Default `'/this-was-not-me'`. */
  readonly path?: `/${string}`
  /** How long a link works. Default `'7d'`. */
  readonly linkFor?: Duration
  /** How long a device stays known after its last login. Browsers keep the cookie for at most 400 days. Default `'180d'`. */
  readonly remember?: Duration
  /**
   * Whether the application knows that this login is no news for the user, such as from a table of devices of its own. Called for
   * devices that the browser's cookie does not name. Default: it never knows.
   */
  readonly known?: (
    userId: string,
    login: { readonly device: string; readonly country: string | null },
  ) => MaybePromise<boolean>
  /** Returns where an address is, as for `anomaly`. Default: not known, and places are not compared. */
  readonly locate?: Locate
  /** The name of the application in mails and pages. Default: the host of `origin`. */
  readonly site?: string
  /**
   * Texts in the language of the user: an object, or a function. `userId` is `null` for the pages. Default: `english`, which is also
   * used if these fail.
   */
  readonly text?: NewDeviceText | ((view: RequestView, userId: string | null) => NewDeviceText)
  /** The cookie of known devices. Default `__Host-known-devices`, with `SameSite=Lax`. */
  readonly cookie?: CookieOptions
}

const KINDS: OptionKinds<NewDeviceOptions> = {
  origin: 'string',
  keys: 'array',
  notify: 'function',
  disowned: 'function',
  ends: ['all', 'session'],
  path: 'string',
  linkFor: 'any',
  remember: 'any',
  known: 'function',
  locate: 'function',
  site: 'string',
  text: 'any',
  cookie: 'object',
}

/** The options with all defaults, checked. */
export interface Settings extends Pick<NewDeviceOptions, 'notify' | 'disowned'> {
  readonly known: NonNullable<NewDeviceOptions['known']>
  readonly all: boolean
  readonly path: string
  readonly site: string
  readonly linkForMs: number
  readonly rememberMs: number
  readonly lookUp: LookUp
  readonly links: Links
  readonly devices: KnownDevices
  readonly page: PageMaker
  readonly wordsFor: (view: RequestView, userId: string | null) => NewDeviceText
}

const PATH = /^(?:\/[\w~-][\w.~-]*)+$/

export function toSettings(options: NewDeviceOptions): Settings {
  checkOptions(options, KINDS, 'newDevice')
  const { path = '/this-was-not-me', text = english, locate, known = () => false, notify, disowned, keys } = options
  const { hostname, origin } = demandOrigin(options.origin)
  for (const [name, value] of Object.entries({ notify, disowned })) {
    if (value === undefined) throw new SessionError('ERR_OPTION', `newDevice: ${name} is missing.`)
  }
  if (!PATH.test(path)) {
    throw new SessionError('ERR_OPTION', 'newDevice: path must be a plain path such as "/this-was-not-me".')
  }
  const rememberMs = toMs(options.remember ?? '180d', 'newDevice: remember')
  return {
    notify,
    disowned,
    known,
    all: options.ends !== 'session',
    path,
    site: options.site ?? hostname,
    linkForMs: toMs(options.linkFor ?? '7d', 'newDevice: linkFor'),
    rememberMs,
    lookUp: createLookUp(locate),
    links: createLinks(createSecretBox(keys, 'link'), origin, path),
    devices: createKnownDevices(createSecretBox(keys, 'cookie'), options.cookie, rememberMs),
    page: createPageMaker(),
    wordsFor: typeof text === 'function' ? text : () => text,
  }
}

function demandOrigin(text: string): URL {
  try {
    const url = new URL(text)
    const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHostname(url.hostname))
    if (url.origin === text && isSafe) return url
  } catch {
    // It is no URL.
  }
  throw new SessionError(
    'ERR_OPTION',
    'newDevice: origin must be the address of your application without a path: "https://shop.example", or "http://localhost:3000" in development.',
  )
}
