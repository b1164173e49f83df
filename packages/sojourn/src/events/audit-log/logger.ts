import { checkArgument } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { AuditLine } from './chain.ts'
import type { AuditSink } from './sink.ts'

/** A logger such as pino: it takes an object and a message. */
export interface AuditLogger {
  info(fields: object, message: string): unknown
  /** As pino's and winston's. If it returns `false` for `info`, nothing would be logged. */
  isLevelEnabled?(level: string): boolean
}

/**
 * Hands each entry to a logger, as the field `audit`: `logger.info({ audit: entry }, 'audit')`. The logger decides where it is
 * written and whether it is on disk. Each start of the process begins a chain of its own. To check the log:
 * `npx sojourn verify-audit-log --field audit FILE`.
 *
 * ```ts
 * const log = auditLog(sessions, { sink: loggerSink(pino()) })
 * ```
 */
export function loggerSink(logger: AuditLogger): AuditSink {
  checkArgument(logger, 'object', 'loggerSink: logger')
  if (typeof logger.info !== 'function')
    throw new SessionError('ERR_OPTION', 'loggerSink: the logger has no method info.')
  demandLevel(logger)
  /** The lines of the last append that the logger has. If it fails, they are not handed to it again. */
  let logged: readonly AuditLine[] = []
  return {
    name: 'logger',
    isShared: false,
    read: async () => ({ lines: logged }),
    async append(lines) {
      logged = []
      for (const [index, { text }] of lines.entries()) {
        demandLevel(logger)
        await logger.info({ audit: JSON.parse(text) as object }, 'audit')
        logged = lines.slice(0, index + 1)
      }
    },
    close: async () => undefined,
  }
}

/** The level may change while the process runs. */
function demandLevel(logger: AuditLogger): void {
  if (logger.isLevelEnabled?.('info') === false)
    throw new SessionError(
      'ERR_OPTION',
      'loggerSink: the logger drops what has the level info, so the audit log would be empty.',
    )
}
