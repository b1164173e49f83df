import { SessionError } from '../../core/contracts/errors.ts'
import { toAsciiJson } from '../../stores/sql/stored-text.ts'
import { createSeal, fieldsOf, fromAnchor, type ParsedLine, type Place, parseLine, toAnchor } from './chain.ts'

export interface VerifyOptions {
  /** The keys of `auditLog`, those that were in use when the lines were written too. */
  readonly keys?: readonly (string | Uint8Array)[]
  /** What `log.anchor()`, or an earlier check, returned and was kept elsewhere. The log must still contain these lines. */
  readonly anchors?: readonly string[]
  /** The lines are objects of a logger, with the entry in this field, such as `audit` or `p.audit`. Several chains may then be mixed. */
  readonly field?: string
}

/** One chain. */
export interface AuditedLog {
  readonly log: string
  /** The `seq` of its first and last line here. */
  readonly first: number
  readonly last: number
  /** Of the last line, to keep elsewhere for the next check. */
  readonly anchor: string
  /** Whether the log was closed. If not, it is in use, its process was killed, or the end was cut off. */
  readonly isClosed: boolean
}

export interface AuditProblem {
  /** `audit.log:17`, or the number of the line. `null`: no line is at fault, one is missing. */
  readonly where: string | null
  readonly what: string
}

export interface AuditReport {
  readonly ok: boolean
  readonly lines: number
  readonly logs: readonly AuditedLog[]
  /** What is broken, in the order of the lines. At most 20. */
  readonly problems: readonly AuditProblem[]
  /** What is not broken, but worth a look: lines that a crash cut off. */
  readonly notes: readonly string[]
}

/** Takes lines one after the other, so that a log of any size can be checked. */
export interface Verifier {
  line(text: string, where: string, file?: string): void
  /** The rest of a file after its last line break. */
  rest(text: string, where: string, file?: string): void
  end(): AuditReport
}

/**
 * Checks the lines of an audit log, in their order, and finds the first broken one: edited, deleted, inserted or moved.
 *
 * ```ts
 * const report = await verifyAuditLog(sink.lines(), { keys })
 * if (!report.ok) console.error(report.problems[0])
 * ```
 *
 * @throws `ERR_OPTION`
 */
export async function verifyAuditLog(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
): Promise<AuditReport> {
  const verifier = createVerifier(options)
  let number = 0
  for await (const text of lines) {
    number += 1
    verifier.line(text, `line ${number}`)
  }
  return verifier.end()
}

interface Chain extends Place {
  readonly first: number
  isClosed: boolean
  /** Lines before this one may be missing: an entry says that they were deleted. */
  deletedBefore: number
}

/** Lines that a crash cut off, with the place of the first one. */
interface Torn {
  readonly text: string
  readonly where: string
  readonly isEnd: boolean
}

const MAX_PROBLEMS = 20
/** As much as the file sink reads of the end of a file. */
const MAX_TORN = 262_144

export function createVerifier({ keys, anchors = [], field }: VerifyOptions): Verifier {
  const seal = createSeal(keys)
  const wanted = anchors.map(demandAnchor)
  const met = new Set<Place>()
  const chains = new Map<string, Chain>()
  const logOfFile = new Map<string, string>()
  const problems: AuditProblem[] = []
  const notes: string[] = []
  let lines = 0
  /** Texts that are no lines. Crashes can leave them: the next line then says so. */
  let torn: Torn | null = null

  function report(where: string | null, what: string): void {
    if (problems.length < MAX_PROBLEMS) problems.push({ where, what })
  }

  function line(text: string, where: string, file = ''): void {
    const entry = entryOf(text, field)
    if (entry === null) return
    lines += 1
    const parsed = parseLine(entry)
    if (parsed === null) {
      torn = torn === null ? { text, where, isEnd: false } : joined(torn, text, where)
      return
    }
    if (!seal.fits(parsed)) {
      reportTorn()
      report(where, `its hash does not fit: the line was edited, or ${keyAdvice(keys)}`)
      // The lines behind it are judged by what it claims to be, so that one broken line is reported once.
      if (chains.has(parsed.log)) step(parsed)
      return
    }
    const fields = fieldsOf(parsed)
    if (fields === null) {
      reportTorn()
      report(where, 'it is not JSON')
      return
    }
    settleTorn(fields)
    judge(parsed, where, file)
    step(parsed, fields)
  }

  /** Bounded: many lines that are not ours must not fill the memory. */
  function joined(before: Torn, text: string, where: string): Torn {
    if (before.text.length <= MAX_TORN) return { ...before, text: `${before.text}\n${text}` }
    reportTorn()
    return { text, where, isEnd: false }
  }

  function judge({ log, seq, prev, hash }: ParsedLine, where: string, file: string): void {
    for (const anchor of wanted) if (anchor.log === log && anchor.seq === seq && anchor.hash === hash) met.add(anchor)
    const before = chains.get(log)
    const other = logOfFile.get(file) ?? log
    logOfFile.set(file, other)
    if (field === undefined && other !== log) report(where, 'it belongs to another log')
    if (before === undefined || (seq === before.seq + 1 && prev === before.hash)) return
    if (seq > before.seq + 1) report(where, `${seq - before.seq - 1} lines before it are missing`)
    else if (seq <= before.seq) report(where, `it is line ${seq} of the log, and was moved or copied here`)
    else report(where, 'the line before it was replaced')
  }

  function step({ log, seq, hash, prev }: ParsedLine, fields: Readonly<Record<string, unknown>> = {}): void {
    // Nothing is missing before the beginning of a chain, whatever its number is.
    const chain = chains.get(log) ?? { first: seq, deletedBefore: prev === '' ? seq : 1 }
    const deletedBefore = fields.type === 'audit.deleted' ? Number(fields.before) : chain.deletedBefore
    chains.set(log, { ...chain, log, seq, hash, deletedBefore, isClosed: fields.type === 'audit.closed' })
  }

  /** The line behind a torn one contains the hash of it, so nobody without the key can pass off an edited line as torn. */
  function settleTorn({ type, torn: claimed }: Readonly<Record<string, unknown>>): void {
    if (torn === null) return
    if (type === 'audit.opened' && claimed === seal.ofText(torn.text)) {
      notes.push(`${torn.where}: a crash cut this line off, and the log recorded that. Its event is lost.`)
      torn = null
    } else reportTorn()
  }

  function reportTorn(): void {
    if (torn !== null) report(torn.where, 'it is not a line of an audit log')
    torn = null
  }

  function end(): AuditReport {
    if (torn?.isEnd === true) {
      notes.push(`${torn.where}: this line is incomplete: its process was killed, or the end of the file was cut off.`)
    } else reportTorn()
    for (const { log, first, deletedBefore } of chains.values()) {
      if (first > deletedBefore)
        report(
          null,
          `log ${log}: lines ${deletedBefore} to ${first - 1} are missing, and no line says that they were deleted. Were all files passed?`,
        )
    }
    for (const anchor of wanted) if (!met.has(anchor)) judgeAnchor(anchor)
    return {
      ok: problems.length === 0,
      lines,
      logs: [...chains.values()].map((chain) => toAudited(chain)),
      problems,
      notes,
    }
  }

  function judgeAnchor({ log, seq }: Place): void {
    const chain = chains.get(log)
    if (chain === undefined) report(null, `log ${log} is missing, and an anchor names it`)
    else if (seq > chain.seq)
      report(null, `log ${log} ends at line ${chain.seq}, but had ${seq} lines: its end was cut off`)
    else if (seq >= chain.first)
      report(null, `log ${log}: line ${seq} is not the one that an anchor names: the log was rewritten`)
    else notes.push(`log ${log}: the anchor of line ${seq} is older than the first line.`)
  }

  return {
    line,
    end,
    rest(text, where, file) {
      line(text, where, file)
      if (torn !== null) torn = { ...torn, isEnd: true }
    },
  }
}

function keyAdvice(keys: VerifyOptions['keys']): string {
  return keys === undefined ? 'the log has a key that this check was not given' : 'it was made with another key'
}

function demandAnchor(text: string): Place {
  const anchor = fromAnchor(text)
  if (anchor !== null) return anchor
  throw new SessionError('ERR_OPTION', 'anchors: an anchor is a text that log.anchor() or an earlier check returned.')
}

/**
 * The text of the entry in a line, as it was hashed. `null`: the line is another one of the logger's. It may be skipped, because a
 * missing entry breaks the chain.
 */
export function entryOf(line: string, field: string | undefined): string | null {
  if (field === undefined) return line
  try {
    const entry = field
      .split('.')
      .reduce<unknown>((within, name) => (within as Record<string, unknown> | undefined)?.[name], JSON.parse(line))
    return typeof entry === 'object' ? toAsciiJson(entry) : null
  } catch {
    return ''
  }
}

function toAudited(chain: Chain): AuditedLog {
  const { log, first, seq, isClosed } = chain
  return { log, first, last: seq, anchor: toAnchor(chain), isClosed }
}
