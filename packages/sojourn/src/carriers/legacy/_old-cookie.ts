import type { Candidates, Carrier, RequestView, Translation } from '../../core/contracts/carrier.ts'
import { checkOptions, type OptionKind } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { JsonValue } from '../../core/contracts/json.ts'
import type { Refusal } from '../../core/contracts/session.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { within } from '../../core/lib/within.ts'
import { adopt, type OldSession } from '../../core/request/adopt.ts'
import { cookieCarrier } from '../cookie.ts'

/** Whose the session is, and what it keeps. */
export interface Moved {
  /** `null`: anonymous. */
  readonly userId: string | null
  readonly data: Readonly<Record<string, JsonValue>>
}

/** What the carriers of all other libraries take. `Old`: a session as the other library keeps it. */
export interface LegacyOptions<Old> {
  /** The name of the old cookie. Default: the other library's default. */
  readonly name?: string
  /** The `Path` of the old cookie, to delete it. Default `/`. */
  readonly path?: string
  /** The `Domain` of the old cookie, to delete it. Default: none. */
  readonly domain?: string
  /**
   * Takes the user and the data out of an old session. Default: the user is `passport.user` or `userId`, a string or a number, and
   * the data is everything else that is no part of the other library, of Passport, connect-flash or csurf.
   */
  readonly toSession?: (old: Old) => MaybePromise<Moved>
  /**
   * Whether the session may continue. `false` if something ended it that only Sojourn knows of, such as a password that was changed
   * since the move. Default: always.
   */
  readonly mayAdopt?: (session: Moved) => MaybePromise<boolean>
}

/** What is known of an old session whose cookie was verified. */
export interface Found<Old> {
  /** Secret, hard to guess, and the same for each spelling of the cookie. */
  readonly key: string
  readonly read: () => MaybePromise<Read<Old> | Refusal>
  /** Deletes it in the other library's store. */
  readonly remove?: () => unknown
}

/** An old session, with the times that Sojourn continues. */
export interface Read<Old> extends Pick<OldSession, 'until' | 'endsAt' | 'createdAt'> {
  readonly old: Old
}

/** How one library's cookie is read. */
export interface OldCookie<Old> {
  /** The library's name, for messages. */
  readonly library: string
  readonly name: string
  /** `name.sig` holds the signature, and the text that `verify` gets is `value.signature`. */
  readonly signedBeside?: boolean
  /** A long value is in `name.0`, `name.1` and so on. */
  readonly chunked?: boolean
  /** Verifies the text of the cookie, without escapes. It is hostile input. */
  verify(text: string, view: RequestView): MaybePromise<Found<Old> | Refusal>
}

const KINDS: Readonly<Record<keyof LegacyOptions<unknown>, OptionKind>> = {
  name: 'string',
  path: 'string',
  domain: 'string',
  toSession: 'function',
  mayAdopt: 'function',
}

/** `kinds`: the options of one library beside those of all. */
export function checkLegacy(options: object, kinds: Readonly<Record<string, OptionKind>>, where: string): void {
  checkOptions(options, { ...KINDS, ...kinds }, where)
}

/** A carrier that adopts the sessions of another library, and deletes their cookies. */
export function oldCookieCarrier<Old extends object>(options: LegacyOptions<Old>, from: OldCookie<Old>): Carrier {
  const { library, name, signedBeside = false, chunked = false } = from
  const { path, domain, toSession = usualSession, mayAdopt } = options
  const jarOf = (cookie: string): Carrier =>
    cookieCarrier({
      name: cookie,
      insecureNoPrefix: true,
      ...(path !== undefined && { path }),
      ...(domain !== undefined && { domain }),
    })
  const jar = jarOf(name)
  const signatures = signedBeside ? jarOf(`${name}.sig`) : null
  const chunks = chunked ? Array.from({ length: MAX_CHUNKS }, (_, at) => jarOf(`${name}.${at}`)) : []
  const beside = signatures === null ? chunks : [signatures]

  async function load(found: Found<Old>): Promise<OldSession | Refusal> {
    const read = await inTime(library, found.read)
    if (typeof read === 'string') return read
    const { old, ...times } = read
    const session = await toSession(old)
    if (mayAdopt === undefined || (await mayAdopt(session))) return { ...session, ...times }
    // So that it is not open again if the application goes back to the other library.
    if (found.remove !== undefined) await inTime(library, found.remove)
    return 'ended'
  }

  return {
    name: library,
    ambient: true,
    readOnly: true,
    place: `cookie ${name}`,
    vary: 'Cookie',
    read(view) {
      if (signatures !== null) return signedTexts(jar.read(view), signatures.read(view))
      return chunked ? joined(jar.read(view), chunks, view) : jar.read(view)
    },
    async translate(text, view): Promise<Translation | Refusal> {
      const found = await from.verify(unescaped(text), view)
      if (typeof found === 'string') return found
      const { key, remove } = found
      const removal = remove && { adopted: async () => void (await inTime(library, remove)) }
      return adopt({ key, load: () => load(found), ...removal })
    },
    write: () => [],
    clear: (view) => [jar, ...beside.filter((each) => isSent(each, view))].flatMap((each) => each.clear(view)),
    clearDuplicates: (view) => jar.clearDuplicates?.(view) ?? [],
  }
}

const isSent = (jar: Carrier, view: RequestView): boolean => jar.read(view).values.length > 0

/** Browsers keep about 180 cookies a site, and servers refuse headers that long. */
const MAX_CHUNKS = 10

/**
 * The text contains the signature, because our token is derived from the text, and anybody who knows what a session contains can
 * guess the value alone.
 */
function signedTexts(values: Candidates, signatures: Candidates): Candidates {
  const signed = signatures.values.length === 0 ? [''] : signatures.values
  const texts = values.values.flatMap((value) => signed.map((signature) => `${value}.${signature}`))
  const overflow = values.overflow || signatures.overflow || texts.length > MAX_TEXTS
  return { values: texts.slice(0, MAX_TEXTS), overflow }
}

const MAX_TEXTS = 8

function joined(whole: Candidates, chunks: readonly Carrier[], view: RequestView): Candidates {
  const parts = chunks.map((jar) => jar.read(view))
  const end = parts.findIndex(({ values }) => values.length === 0)
  const sent = end === -1 ? parts : parts.slice(0, end)
  const overflow = whole.overflow || sent.some((part) => part.overflow || part.values.length > 1)
  const text = sent.map(({ values }) => values[0]).join('')
  return { values: text === '' ? whole.values : [...whole.values, text], overflow }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A client that waits for a lost connection answers much later, or never. */
const ANSWER_MS = 2000

function inTime<T>(library: string, work: () => MaybePromise<T>): Promise<T> {
  return within(ANSWER_MS, work(), () => new Error(`The store of ${library} did not answer within ${ANSWER_MS} ms.`))
}

/** What belongs to the other library, to Passport, connect-flash and csurf. */
const NOT_DATA: readonly string[] = ['cookie', 'passport', 'userId', 'flash', 'csrfToken', 'csrfSecret']

function usualSession(old: object): Moved {
  // Some stores keep objects, such as dates and ids of MongoDB. In the others, they became this too.
  const kept: Readonly<Record<string, JsonValue>> = JSON.parse(JSON.stringify(old))
  const { passport, userId } = kept as {
    readonly passport?: { readonly user?: unknown } | null
    readonly userId?: unknown
  }
  const data = Object.fromEntries(Object.entries(kept).filter(([name]) => !NOT_DATA.includes(name)))
  return { userId: toUserId(passport?.user ?? userId ?? null), data }
}

/**
 * Returns the user of an old session as a text. A value that several users could share is none: what is missing, and numbers that
 * JavaScript rounds.
 */
export function toUserId(user: unknown): string | null {
  if (user === null) return null
  if (typeof user === 'string' || typeof user === 'bigint' || Number.isSafeInteger(user)) return String(user)
  throw new SessionError(
    'ERR_OPTION',
    'The user of an old session is neither a string nor a whole number. Set toSession, and take the id out of it there.',
  )
}

/** Runs a function of the other library on hostile input. `null`: it refused it. */
export async function orNull<T>(work: () => MaybePromise<T>): Promise<T | null> {
  try {
    return await work()
  } catch {
    return null
  }
}

/**
 * How long an old cookie without an end may be presented again. Stores for express-session keep such sessions for a day to two
 * weeks after the last request.
 */
const NO_END_MS = 30 * 86_400_000

/** Until when the other library accepts a session that it extends by its `maxAge` at each request, or that has no end of its own. */
export function untilFromNow(maxAgeMs: number | null): number {
  return Date.now() + (maxAgeMs ?? NO_END_MS)
}

/** For a cookie that holds the session, and nothing in it states an end. */
export function demandUntil(until: Date | undefined, library: string): Date {
  if (until instanceof Date && !Number.isNaN(until.getTime())) return until
  throw new SessionError(
    'ERR_OPTION',
    `Old cookies of ${library} never end by themselves. Set until: the day after which none is accepted any more.`,
  )
}
