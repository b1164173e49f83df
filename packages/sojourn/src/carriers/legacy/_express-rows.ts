import type { Carrier } from '../../core/contracts/carrier.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { Refusal } from '../../core/contracts/session.ts'
import {
  checkLegacy,
  type Found,
  type LegacyOptions,
  oldCookieCarrier,
  type Read,
  untilFromNow,
} from './_old-cookie.ts'
import { createVerify } from './_signature.ts'

/** What is used of a store made for express-session: `MemoryStore`, connect-redis, connect-pg-simple and others. */
export interface OldStore {
  get(sid: string, done: (error?: unknown, session?: object | null) => void): unknown
  destroy(sid: string, done: (error?: unknown) => void): unknown
}

/** A session as express-session and @fastify/session keep it. */
export interface OldExpressSession {
  readonly cookie?: {
    readonly expires?: string | Date | false | null
    readonly originalMaxAge?: number | false | null
  }
  readonly [key: string]: unknown
}

export interface ExpressRowsOptions extends LegacyOptions<OldExpressSession> {
  /** The secret of the old cookie, or several: the newest first. */
  readonly secret: string | readonly string[]
  /** The store that the other library used. */
  readonly store: OldStore
  /**
   * Whether the other library sent the cookie again with each response. Most stores then extend a session without changing the
   * `expires` in it. Default: `false`.
   */
  readonly rolling?: boolean
  /**
   * Sessions with a longer `maxAge` than this were remembered: they end when the old one would, and their cookie survives the end of
   * the browser. Default: `'1d'`.
   */
  readonly rememberedAbove?: Duration
}

/** The carrier of a library that keeps sessions in such a store. `idIn` splits the cookie's value. */
export function expressRowsCarrier(
  options: ExpressRowsOptions,
  from: { readonly library: string; readonly where: string; readonly name: string; readonly prefix: string },
): Carrier {
  const { library, where, name, prefix } = from
  const kinds = { secret: 'any', store: 'any', rolling: 'boolean', rememberedAbove: 'any' } as const
  checkLegacy(options, kinds, where)
  const { secret, store, rolling = false, rememberedAbove = '1d' } = options
  if (typeof store?.get !== 'function' || typeof store.destroy !== 'function') {
    throw new SessionError(
      'ERR_OPTION',
      `${where}: store must be the store that ${library} used, with get and destroy.`,
    )
  }
  const usualMs = toMs(rememberedAbove, `${where}: rememberedAbove`)
  const isSigned = createVerify(secret, 'SHA-256', `${where}: secret`)

  async function read(id: string): Promise<Read<OldExpressSession> | Refusal> {
    const row = await answerOf<object | null>((done) => store.get(id, done)).catch(toMissing)
    if (row === null || row === undefined) return 'unknown'
    const old: OldExpressSession = { ...row }
    const { expires, originalMaxAge } = old.cookie ?? {}
    const maxAgeMs = Number(originalMaxAge) || null
    const until = !rolling && expires ? new Date(expires) : untilFromNow(maxAgeMs)
    return { old, until, ...(Number(maxAgeMs) > usualMs && { endsAt: until }) }
  }

  return oldCookieCarrier(options, {
    library,
    name: options.name ?? name,
    async verify(text): Promise<Found<OldExpressSession> | Refusal> {
      const dot = text.lastIndexOf('.')
      const id = text.slice(prefix.length, Math.max(dot, prefix.length))
      if (!text.startsWith(prefix) || id === '' || !(await isSigned(id, text.slice(dot + 1)))) return 'forged'
      return { key: id, read: () => read(id), remove: () => answerOf((done) => store.destroy(id, done)) }
    },
  })
}

/** Stores that keep files report a missing row so, and express-session takes it for one. */
function toMissing(error: unknown): null {
  if ((error as { readonly code?: unknown } | null)?.code === 'ENOENT') return null
  throw error
}

type Done<T> = (error?: unknown, value?: T) => void

function answerOf<T>(call: (done: Done<T>) => unknown): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)))
  })
}
