/** How far a migration has come, as JSON: to print, and to store so that another process can resume. */
export interface MigrationProgress {
  /** Where to resume. `null` at the beginning and at the end. */
  readonly cursor: string | null
  readonly isDone: boolean
  /** Records and tombstones that were read. */
  readonly seen: number
  /** Sessions that are in `to` now and were not before. */
  readonly moved: number
  /** Tombstones that are in `to` now and were not before. */
  readonly ended: number
  /** Records that cannot be read. They stay in `from`. */
  readonly damaged: number
  /** The approximate number of records and tombstones, if `from` knows it. */
  readonly total: number | null
}

/** Where the printer writes: `process.stderr`, or a similar stream. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const TERMINAL_MS = 100
const LINES_MS = 10_000

/** Prints the progress of a migration: one line that is overwritten on a terminal, a line every ten seconds elsewhere. */
export function progressPrinter(
  output: ProgressOutput,
  clock: () => number = Date.now,
): (progress: MigrationProgress) => void {
  let first: { readonly at: number; readonly seen: number } | null = null
  let printedAt = Number.NEGATIVE_INFINITY
  return (progress) => {
    const now = clock()
    first ??= { at: now, seen: progress.seen }
    const isDue = now - printedAt >= (output.isTTY ? TERMINAL_MS : LINES_MS)
    if (!isDue && !progress.isDone) return
    printedAt = now
    const line = toLine(progress, now - first.at, progress.seen - first.seen)
    // The padding erases the rest of a longer line.
    output.write(output.isTTY ? `\r${line.padEnd(78)}${progress.isDone ? '\n' : ''}` : `${line}\n`)
  }
}

function toLine(
  { seen, moved, ended, damaged, total, isDone }: MigrationProgress,
  ms: number,
  seenSince: number,
): string {
  const perSecond = ms > 0 ? (seenSince * 1000) / ms : 0
  const parts = [
    total === null || isDone ? `${count(seen)} seen` : `${count(seen)} of about ${count(Math.max(total, seen))} seen`,
    `${count(moved)} moved`,
    `${count(ended)} ended`,
  ]
  if (damaged > 0) parts.push(`${count(damaged)} damaged`)
  if (perSecond > 0) parts.push(`${count(Math.round(perSecond))}/s`)
  if (isDone) parts.push('done')
  else if (total !== null && perSecond > 0) parts.push(`${duration(Math.max(0, total - seen) / perSecond)} left`)
  return parts.join(', ')
}

function count(n: number): string {
  return n.toLocaleString('en').replaceAll(',', ' ')
}

function duration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`
  if (seconds < 6000) return `${Math.ceil(seconds / 60)} min`
  return `${Math.ceil(seconds / 3600)} h`
}
