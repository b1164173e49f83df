import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditReport, AuditSink, VerifyOptions } from 'sojourn/audit-log'
import { verifyFiles } from '../../src/events/audit-log/verify-files.ts'
import { quickFolder } from '../support/quick-folder.ts'

export const KEY: string = 'the key of the audit log in tests'

export interface LogFolder {
  readonly path: string
  /** The files of the log, oldest first. */
  files(): string[]
  /** All whole lines. */
  lines(): string[]
  /** The fields of all lines. */
  entries(): Record<string, unknown>[]
  /** Replaces the lines of the current file. */
  rewrite(edit: (lines: string[]) => string[]): void
  verify(options?: VerifyOptions): Promise<AuditReport>
}

/** Makes folders for logs of a test file. Call it outside of tests. */
export function logFolders(name: string): () => LogFolder {
  const home = quickFolder(name)
  return () => {
    const folder = mkdtempSync(join(home, 'log-'))
    const path = join(folder, 'sessions.log')
    const files = (): string[] => {
      const names = readdirSync(folder).sort()
      return [...names.filter((each) => each !== 'sessions.log'), ...(existsSync(path) ? ['sessions.log'] : [])].map(
        (each) => join(folder, each),
      )
    }
    const lines = (): string[] => files().flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))
    return {
      path,
      files,
      lines,
      entries: () => lines().map((line) => JSON.parse(line) as Record<string, unknown>),
      rewrite(edit) {
        const edited = edit(readFileSync(path, 'utf8').split('\n').slice(0, -1))
        writeFileSync(path, edited.map((line) => `${line}\n`).join(''))
      },
      verify: (options = {}) => verifyFiles(files(), { keys: [KEY], ...options }),
    }
  }
}

/** A sink whose next calls fail, and that remembers what it holds. */
export interface FaultySink extends AuditSink {
  readonly texts: string[]
  /** Lets the next appends fail. `after`: they store the lines nevertheless. */
  fail(times: number, when?: 'before' | 'after'): void
  /** Holds the next append until the returned function is called. */
  hold(): () => void
  appends: number
}

export function faultySink(): FaultySink {
  const texts: string[] = []
  let left = 0
  let how: 'before' | 'after' = 'before'
  let held: Promise<void> | null = null
  return {
    name: 'faulty',
    isShared: false,
    texts,
    appends: 0,
    fail(times, when = 'before') {
      left = times
      how = when
    },
    hold() {
      let release = (): void => {}
      held = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
    read: async () => ({ lines: texts.map((text) => ({ text })) }),
    async append(lines) {
      this.appends += 1
      await held
      held = null
      const isFailing = left > 0
      if (isFailing) left -= 1
      if (!isFailing || how === 'after') texts.push(...lines.map(({ text }) => text))
      if (isFailing) throw Object.assign(new Error("cannot write 'a secret of the driver'"), { code: 'ENOSPC' })
    },
    close: async () => undefined,
  }
}
