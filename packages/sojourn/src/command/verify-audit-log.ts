import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { AuditReport, VerifyOptions } from '../events/audit-log/verify.ts'
import { verifyFiles } from '../events/audit-log/verify-files.ts'

const USAGE = `Usage: sojourn verify-audit-log [options] FILE...

Checks audit logs of sojourn, and prints the first broken line. Pass all files of a log, in any order;
- is standard input.

  --keys FILE      the keys of the log, one on each line
  --anchor TEXT    a line that the log must still contain; may be repeated
  --field NAME     the lines are objects of a logger, with the entry in this field,
                   such as audit or p.audit

Exit codes: 0 the log is whole, 1 it is broken, 2 it could not be checked.`

const NOTHING = 'No line of an audit log was found. If a logger wrote it, name the field of the entries with --field.'

/** `sojourn verify-audit-log`. Returns the exit code. */
export async function verifyAuditLogCommand(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  try {
    const { files, options } = await readArguments(args)
    if (files.length === 0) throw new Error(USAGE)
    const report = await verifyFiles(files, options)
    print(report)
    if (report.ok && report.lines === 0) throw new Error(NOTHING)
    return report.ok ? 0 : 1
  } catch (error) {
    console.error(error instanceof Error ? error.message : 'verify-audit-log failed.')
    return 2
  }
}

async function readArguments(
  args: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly options: VerifyOptions }> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      keys: { type: 'string' },
      anchor: { type: 'string', multiple: true },
      field: { type: 'string' },
    },
  })
  const { keys, anchor, field } = values
  return {
    files: positionals,
    options: {
      ...(keys !== undefined && { keys: linesOf(await readFile(keys, 'utf8')) }),
      ...(anchor !== undefined && { anchors: anchor }),
      ...(field !== undefined && { field }),
    },
  }
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '')
}

/** What was found, worst first. Lines of the log are not printed, because they contain personal data. */
function print({ ok, lines, logs, problems, notes }: AuditReport): void {
  for (const { where, what } of problems) console.error(`broken: ${where === null ? '' : `${where}: `}${what}`)
  for (const note of notes) console.log(`note: ${note}`)
  for (const { first, last, anchor, isClosed } of logs) {
    console.log(`lines ${first} to ${last}, ${isClosed ? 'closed' : 'not closed'}, anchor ${anchor}`)
  }
  console.log(ok ? `ok: ${lines} lines are whole` : `broken: ${lines} lines were read; the broken ones are shown above`)
}
