import { SessionError } from '../../core/contracts/errors.ts'
import { release } from '../../core/lib/runtime.ts'
import { createNonce } from '../../core/token/secrets.ts'
import { toTiming, within } from '../../stores/around/wrapper.ts'
import { toQuietCause } from '../../stores/kit/driver-errors.ts'
import type { Fields } from '../entry.ts'
import { type AuditLine, type Place, parseLine, type Seal, toLine } from './chain.ts'
import { type AuditSink, type Held, PlaceTaken } from './sink.ts'

export interface WriterParts {
  readonly sink: AuditSink
  readonly seal: Seal
  readonly clock: () => number
  readonly keepMs: number | null
  readonly maxWaiting: number
}

/** Chains entries and appends them to the sink, in the order of the calls. */
export interface Writer {
  /**
   * Resolves when the entry is stored. Rejects once in each outage of the sink: the entry then still waits, or was dropped. Resolves
   * with `false` if it was dropped after that. `isQuiet`: rejections of this entry reach nobody, so another one has to report.
   */
  add(fields: Fields, isQuiet?: boolean): Promise<boolean>
  /** Resolves when everything added so far is stored. Rejects if the sink fails. */
  flush(): Promise<void>
  setup(): Promise<void>
  /** The last stored line. */
  last(): Place | null
  /** Writes the last entries, and closes the sink, within half a minute. Rejects if entries were lost. */
  close(last: Fields): Promise<void>
}

interface Item {
  readonly at: number
  readonly fields: Fields
  readonly isQuiet: boolean
  readonly stored: () => void
  readonly failed: (error: Error) => void
}

/** Lines of one append. */
const BATCH = 200
/** How often another process may take the place of our line before that counts as a failure. */
const TRIES = 50
const RETRY_MS = 1000
const LONGEST_RETRY_MS = 30_000
/** How long a sink may take for an append before somebody hears of it, and how long a shutdown waits for it. */
const PATIENCE_MS = 15_000
/** A line that claims a higher number was not written by a log. */
const MOST_LINES = 1e14
/** How often old lines are looked for. */
const TIDY_MS = 3_600_000

export function createWriter({ sink, seal, clock, keepMs, maxWaiting }: WriterParts): Writer {
  const now = (): number => toTime(clock())
  const waiting: Item[] = []
  /** So that no other process makes the same line, and this one can tell whether a line is its own. */
  const by = createNonce().slice(0, 8)
  let head: Place | null = null
  let isOpen = false
  let wantsOpen = false
  let isSetUp = false
  /** Lines of an append that failed. They may be stored nevertheless. */
  let unsure: readonly AuditLine[] = []
  let lost = 0
  let failures = 0
  let unreported: Error | null = null
  let running: Promise<Error | null> | null = null
  /** When the append began that runs, by uptime. `null`: none runs, or its length was reported. */
  let appendingSince: number | null = null
  let cancelRetry = (): void => undefined
  let tidiedAt = Number.NEGATIVE_INFINITY
  /** Lines before this one may be deleted: an entry of the log says so. */
  let deletable: number | null = null
  let closing: Promise<void> | null = null

  function add(fields: Fields, isQuiet = false): Promise<boolean> {
    if (closing !== null) return Promise.reject(new SessionError('ERR_CLOSED', 'The audit log was closed.'))
    if (waiting.length >= maxWaiting) {
      lost += 1
      unreported ??= lost === 1 ? toFailure('too many entries wait, so entries are dropped') : null
      return isQuiet ? Promise.resolve(false) : reported()
    }
    const stored = new Promise<boolean>((resolve, reject) => {
      waiting.push({ at: now(), fields, isQuiet, stored: () => resolve(true), failed: reject })
    })
    stored.catch(() => undefined)
    if (appendingSince !== null && performance.now() - appendingSince >= PATIENCE_MS) {
      appendingSince = null
      unreported ??= toFailure('a write does not end')
    }
    if (failures === 0) void drain()
    return isQuiet || unreported === null ? stored : reported()
  }

  /** Rejects with a failure that nobody has heard of. */
  function reported(): Promise<false> {
    const error = unreported
    unreported = null
    return error === null ? Promise.resolve(false) : Promise.reject(error)
  }

  function toFailure(what: string, cause?: unknown): SessionError {
    const count = waiting.length + lost
    const quiet = cause instanceof SessionError || cause === undefined ? cause : toQuietCause(cause)
    return new SessionError('ERR_EVENTS', `audit log, ${sink.name}: ${what}. ${count} entries are not stored.`, quiet)
  }

  function fail(cause: unknown): Error {
    isOpen = false
    failures += 1
    const error = toFailure('a write failed', cause)
    if (failures === 1) {
      const heard = waiting.find(({ isQuiet }) => !isQuiet)
      if (heard === undefined) unreported = error
      else heard.failed(error)
    }
    scheduleRetry()
    return error
  }

  function scheduleRetry(): void {
    cancelRetry()
    const timer = setTimeout(() => void drain(), Math.min(RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS))
    cancelRetry = () => clearTimeout(timer)
    if (!release(timer)) cancelRetry()
  }

  /** Appends what waits. Resolves with the failure, or `null` if nothing waits any more. */
  function drain(): Promise<Error | null> {
    running ??= work().then(
      () => {
        running = null
        // An entry may have come after the last look.
        return isNeeded() ? drain() : null
      },
      (error: unknown) => {
        running = null
        return fail(error)
      },
    )
    return running
  }

  async function work(): Promise<void> {
    for (let tries = 0; isNeeded(); ) {
      if (!isOpen) await open()
      noteLost()
      unsure = chained()
      const lines = unsure
      if (lines.length === 0) continue
      try {
        appendingSince = performance.now()
        await sink.append(lines)
      } catch (error) {
        isOpen = false
        tries += 1
        if (!(error instanceof PlaceTaken) || tries > TRIES) throw error
        continue
      } finally {
        appendingSince = null
      }
      tries = 0
      confirm(lines)
      await deleteOld()
    }
    failures = 0
    unreported = null
    cancelRetry()
  }

  function isNeeded(): boolean {
    return waiting.length > 0 || lost > 0 || (wantsOpen && !isOpen)
  }

  /** Begins a chain, or continues the one that the sink holds. */
  async function open(): Promise<void> {
    if (wantsOpen && !isSetUp) await sink.setup?.()
    isSetUp = wantsOpen
    const held = await sink.read(unsure[0]?.seq ?? null)
    const texts = new Set(held.lines.map(({ text }) => text))
    // Lines are stored in order, and the sink may show the last ones only.
    confirm(unsure.slice(0, Math.max(0, ...unsure.map(({ text }, index) => (texts.has(text) ? index + 1 : 0)))))
    unsure = []
    const isFirst = head === null
    if (head === null || sink.isShared) head = continued(held, head)
    isOpen = true
    const torn = held.torn === undefined || held.torn === '' ? null : seal.ofText(held.torn)
    if (isFirst || torn !== null) insert({ type: 'audit.opened', ...(torn !== null && { torn }) })
  }

  function continued({ lines }: Held, before: Place | null): Place {
    const parsed = lines.map(({ text, seq }) => ({ line: parseLine(text), seq }))
    const good = [...parsed].reverse().find(({ line }) => line !== null && seal.fits(line))?.line ?? null
    // A new chain continues the numbers, because places and names of files are made of them.
    const used = Math.max(0, ...parsed.map(({ line }) => line?.seq ?? 0).filter((seq) => seq < MOST_LINES))
    const fresh = good ?? before ?? { log: createNonce(), seq: used, hash: '' }
    if (!sink.isShared) return fresh
    // The next place must be free, even if somebody has edited the last line. The check of the log then stops there.
    const last = parsed.at(-1)
    return { log: fresh.log, hash: last?.line?.hash ?? fresh.hash, seq: Math.max(fresh.seq, last?.seq ?? 0) }
  }

  /** Adds an entry of the log itself, in front of those that wait. */
  function insert(fields: Fields, stored = (): void => undefined): void {
    waiting.unshift({ at: now(), fields, isQuiet: true, stored, failed: () => undefined })
  }

  function noteLost(): void {
    if (lost === 0) return
    insert({ type: 'audit.lost', count: lost })
    lost = 0
  }

  function chained(): AuditLine[] {
    const lines: AuditLine[] = []
    if (head === null) return lines
    let place = head
    for (const { at, fields } of waiting.slice(0, BATCH)) {
      const line = toLine(seal, place, at, { by, ...fields })
      lines.push(line)
      place = line
    }
    return lines
  }

  function confirm(lines: readonly AuditLine[]): void {
    const last = lines.at(-1)
    if (last === undefined) return
    head = last
    unsure = []
    for (const { stored } of waiting.splice(0, lines.length)) stored()
  }

  /** Deletes lines that are too old. An entry records it first, so that a check can tell it from an attack. */
  async function deleteOld(): Promise<void> {
    if (deletable !== null) await sink.deleteBefore?.(deletable)
    deletable = null
    if (keepMs === null || sink.oldestKept === undefined) return
    // The clock may have been set back.
    if (Math.abs(now() - tidiedAt) < TIDY_MS) return
    tidiedAt = now()
    const before = await sink.oldestKept(tidiedAt - keepMs, tidiedAt)
    if (before === null) return
    insert({ type: 'audit.deleted', before }, () => {
      deletable = before
    })
  }

  async function flush(): Promise<void> {
    // What runs already may have begun before the last entry was added.
    await running
    const error = isNeeded() ? await drain() : null
    if (error !== null) throw error
  }

  async function finish(): Promise<void> {
    const timing = toTiming()
    try {
      await within(PATIENCE_MS, timing, `audit log, ${sink.name}: the sink`, flush())
    } finally {
      cancelRetry()
      await within(PATIENCE_MS, timing, `audit log, ${sink.name}: the sink`, sink.close())
    }
  }

  return {
    add,
    flush,
    last: () => head,
    async setup() {
      wantsOpen = true
      await flush()
    },
    close(last) {
      if (closing !== null) return closing
      void add(last, true).catch(() => undefined)
      closing = finish()
      return closing
    },
  }
}

/** Whole milliseconds that a date can have. A clock of the application can return anything, and databases take no fraction. */
function toTime(ms: number): number {
  const time = new Date(ms).getTime()
  return Number.isNaN(time) ? 0 : time
}
