import { checkOptions, type OptionKinds } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Store } from '../../core/contracts/store.ts'
import { type Move, moveOne, moveTombstone } from './migrate/move.ts'
import type { MigrationProgress } from './migrate/progress.ts'

export { type MovingStoreOptions, movingStore } from './migrate/moving-store.ts'
export { type MigrationProgress, type ProgressOutput, progressPrinter } from './migrate/progress.ts'

export interface MigrateOptions {
  /** Called after each page. Store the last value, as JSON, to resume after a crash. */
  readonly onProgress?: (progress: MigrationProgress) => void | Promise<void>
  /** The last progress of a migration that did not finish. */
  readonly resume?: MigrationProgress
  /** Stops after the current page. `migrate` then resolves with the progress so far. */
  readonly signal?: { readonly aborted: boolean }
  /** Records per page. Default 200. */
  readonly pageSize?: number
  /** Records that are moved in parallel. Default 16. */
  readonly concurrency?: number
  /** Expired records are not moved. Default `Date.now`. */
  readonly clock?: () => number
}

const KINDS: OptionKinds<MigrateOptions> = {
  onProgress: 'any',
  resume: 'any',
  signal: 'any',
  pageSize: 'any',
  concurrency: 'any',
  clock: 'any',
}

const START: MigrationProgress = { cursor: null, isDone: false, seen: 0, moved: 0, ended: 0, damaged: 0, total: null }

/**
 * Moves every live session, and every tombstone, from one store to another. Nobody is logged out, even if it stops early: what
 * has not been moved is still in `from`, and another run continues. Applications may use the stores meanwhile if all their
 * processes use `movingStore`. Needs a `from` that can enumerate its records (`scan`).
 */
export async function migrate(from: Store, to: Store, options: MigrateOptions = {}): Promise<MigrationProgress> {
  checkOptions(options, KINDS, 'migrate')
  const { onProgress, resume = START, signal, pageSize = 200, concurrency = 16, clock = Date.now } = options
  if (from.scan === undefined)
    throw new SessionError(
      'ERR_OPTION',
      `migrate: the store ${from.name} has no scan, so its records cannot be enumerated.`,
    )
  const move: Move = { from, to }
  let progress = { ...START, ...resume }
  while (!progress.isDone && signal?.aborted !== true) {
    const { values, next, total = null } = await from.scan(progress.cursor, pageSize)
    const now = clock()
    const readable = values.filter((value) => value.kind !== 'damaged')
    const due = readable.filter(({ expiresAt }) => expiresAt > now)
    const came = await inParallel(due, concurrency, async (value) =>
      (await moveValue(move, value)) ? value.kind : null,
    )
    progress = {
      cursor: next,
      isDone: next === null,
      seen: progress.seen + values.length,
      moved: progress.moved + came.filter((kind) => kind === 'live').length,
      ended: progress.ended + came.filter((kind) => kind === 'ended').length,
      damaged: progress.damaged + values.length - readable.length,
      total: total ?? progress.total,
    }
    await onProgress?.(progress)
  }
  return progress
}

function moveValue(move: Move, value: SessionRecord | Tombstone): Promise<boolean> {
  return value.kind === 'live' ? moveOne(move, value.id) : moveTombstone(move, value)
}

/** Returns the results in order. After an error no new work begins, and the error is thrown once the running work is done. */
async function inParallel<T, U>(items: readonly T[], workers: number, work: (item: T) => Promise<U>): Promise<U[]> {
  const answers: U[] = []
  const errors: unknown[] = []
  let next = 0
  async function run(): Promise<void> {
    while (next < items.length && errors.length === 0) {
      const index = next++
      try {
        answers[index] = await work(items[index] as T)
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, workers) }, run))
  if (errors.length > 0) throw errors[0]
  return answers
}
