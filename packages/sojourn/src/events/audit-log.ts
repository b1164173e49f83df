/**
 * An append-only log of session events that outlives the process, and that shows whether somebody edited it.
 * @module sojourn/audit-log
 */
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkArgument, checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionEvent, SessionListener } from '../core/contracts/events.ts'
import type { JsonValue } from '../core/contracts/json.ts'
import { isPromise } from '../core/lib/maybe.ts'
import { createSeal, toAnchor } from './audit-log/chain.ts'
import { createFlood } from './audit-log/flood.ts'
import type { AuditSink } from './audit-log/sink.ts'
import { createWriter, type Writer } from './audit-log/writer.ts'
import { type AddressForm, type Fields, toFields, toSafe } from './entry.ts'
import { createPseudonyms } from './pseudonyms.ts'

export type { AuditLine } from './audit-log/chain.ts'
export { type AuditLogger, loggerSink } from './audit-log/logger.ts'
export { type AuditSink, type Held, type HeldLine, PlaceTaken } from './audit-log/sink.ts'
export {
  type AuditedLog,
  type AuditProblem,
  type AuditReport,
  type VerifyOptions,
  verifyAuditLog,
} from './audit-log/verify.ts'

export interface AuditLogOptions {
  /** Where the log is kept: `fileSink`, `postgresSink`, `mysqlSink`, `sqliteSink`, `loggerSink`, or your own. */
  readonly sink: AuditSink
  /**
   * Secrets of 32 bytes or more, newest first. Each line then has an HMAC-SHA-256 that is made with the first one. Without keys it
   * is a plain SHA-256: anybody who can write to the log can then write a whole new one.
   */
  readonly keys?: readonly (string | Uint8Array)[]
  /** What is kept of a client's address: `'short'` (default), its network (/24, /48); `'full'`; or `'none'`. */
  readonly address?: AddressForm
  /**
   * A secret of 32 bytes or more. Lines then have a keyed hash in place of the user id, the same one for each user. Without the key,
   * nobody can tell who it was. Default: lines have the user id.
   */
  readonly pseudonymKey?: string | Uint8Array
  /** Adds fields of your own to each entry, such as a trace id. Called in the request that caused the event. Must not be async. */
  readonly context?: (event: SessionEvent) => Readonly<Record<string, JsonValue>>
  /** Lines older than this are deleted, about once an hour while events come. Default: never. */
  readonly keep?: Duration
  /** How many entries wait while the sink fails. Above this number, entries are dropped and counted. Default 10,000. */
  readonly maxWaiting?: number
  /** Ms since the epoch, for retention and the log's own entries. Default `Date.now`. */
  readonly clock?: () => number
}

/** The result of `auditLog`. */
export interface AuditLog {
  /** Creates files or tables, and writes the first entry. Call it at the start: it rejects if the sink cannot be written. */
  setup(): Promise<void>
  /**
   * Adds an entry of your own. `type` must not begin with `audit.`. Resolves when it is stored. Rejects with `ERR_EVENTS` if it was
   * dropped or if the sink has begun to fail (then the entry waits), and with `ERR_OPTION`, `ERR_CLOSED`.
   *
   * ```ts
   * await log.record('role.changed', { userId: 'ada', by: 'grace', role: 'admin' })
   * ```
   */
  record(type: string, details: Readonly<Record<string, JsonValue>>): Promise<void>
  /** Resolves when every entry so far is stored. Rejects with `ERR_EVENTS` if the sink fails. */
  flush(): Promise<void>
  /** The last stored line as a short text, to keep elsewhere: with it, a check finds out whether the end was cut off. */
  anchor(): string | null
  /** Stops listening, stores what waits, and closes the sink. Rejects with `ERR_EVENTS` if entries are lost. */
  close(): Promise<void>
}

/** What `auditLog` needs of `sessions`. */
export interface AuditedSessions {
  on(name: '*', listener: SessionListener<'*'>): () => void
}

/**
 * Writes every event of `sessions` to a log. Each line contains the hash of the line before, so that an edited, deleted, inserted
 * or moved line is found: `npx sojourn verify-audit-log FILE`, or `verifyAuditLog`. No request waits for the log or fails because
 * of it. If the sink fails, a `fault` is emitted once, entries wait in memory, and the log tries again.
 *
 * ```ts
 * const log = auditLog(sessions, { sink: fileSink({ path: './audit/sessions.log' }), keys: [process.env.AUDIT_KEY ?? ''] })
 * await log.setup()
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function auditLog(sessions: AuditedSessions, options: AuditLogOptions): AuditLog {
  checkOptions(
    options,
    {
      sink: 'object',
      keys: 'array',
      address: ['short', 'full', 'none'],
      pseudonymKey: 'any',
      context: 'function',
      keep: 'any',
      maxWaiting: 'number',
      clock: 'function',
    },
    'auditLog',
  )
  assertSessions(sessions, 'auditLog')
  const { sink, keys, address = 'short', pseudonymKey, context, keep, maxWaiting = 10_000, clock = Date.now } = options
  if (sink === undefined)
    throw new SessionError('ERR_OPTION', 'auditLog: sink is missing. Pass a fileSink, for example.')
  const toPseudonym = pseudonymKey === undefined ? null : createPseudonyms(pseudonymKey, 'auditLog: pseudonymKey')
  const keepMs = keep === undefined ? null : toMs(keep, 'auditLog: keep')
  const writer = createWriter({ sink, seal: createSeal(keys), clock, keepMs, maxWaiting })
  const flood = createFlood()

  function listen(event: SessionEvent): Promise<unknown> | undefined {
    const { isIn, omitted } = flood.judge(event)
    if (omitted !== null) void writer.add(omitted, true)
    if (!isIn) return undefined
    const isQuiet = event.type === 'fault'
    const { fields, error } = withContext(event)
    const added = writer.add(fields, isQuiet)
    return error === null ? added : added.then(() => Promise.reject(error))
  }

  function withContext(event: SessionEvent): { readonly fields: Fields; readonly error: unknown } {
    const all = toFields(event, address)
    const { userId } = all
    const fields = toPseudonym !== null && typeof userId === 'string' ? { ...all, userId: toPseudonym(userId) } : all
    if (context === undefined) return { fields, error: null }
    try {
      const own: unknown = context(event)
      if (!isPromise(own)) return { fields: { ...fields, context: toSafe(Object(own)) }, error: null }
      own.catch(() => undefined)
      throw new SessionError('ERR_MISUSE', 'auditLog: context returned a promise. It must return the fields at once.')
    } catch (error) {
      return { fields, error }
    }
  }

  const stop = sessions.on('*', listen)
  return { ...verbsOf(writer), close: () => close(writer, flood, stop) }
}

function verbsOf(writer: Writer): Omit<AuditLog, 'close'> {
  return {
    setup: () => writer.setup(),
    async record(type, details) {
      checkArgument(type, 'string', 'type')
      checkArgument(details, 'object', 'details')
      if (type.startsWith('audit.'))
        throw new SessionError('ERR_OPTION', 'Types of entries that begin with audit. are reserved.')
      if (!(await writer.add(toSafe({ type, details }))))
        throw new SessionError('ERR_EVENTS', 'audit log: too many entries wait, so this one was dropped.')
    },
    flush: () => writer.flush(),
    anchor: () => {
      const last = writer.last()
      return last === null ? null : toAnchor(last)
    },
  }
}

async function close(writer: Writer, flood: ReturnType<typeof createFlood>, stop: () => void): Promise<void> {
  stop()
  const omitted = flood.rest()
  if (omitted !== null) void writer.add(omitted, true)
  await writer.close({ type: 'audit.closed' })
}
