/**
 * Keeps an audit log in a file, with rotation.
 * @module sojourn/audit-log/file
 */
import { Buffer } from 'node:buffer'
import { access, type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { checkOptions } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { type AuditLine, parseLine } from './chain.ts'
import type { AuditSink, Held } from './sink.ts'

export interface FileSinkOptions {
  /** The file. Its folder is created. Each process needs a file of its own. */
  readonly path: string
  /** A new file begins when this one would exceed this size. Default 67,108,864 (64 MiB). */
  readonly rotateBytes?: number
  /** A new file begins when the first line of this one is older. Default `'1d'`. */
  readonly rotateAfter?: Duration
}

/** How much of the beginning or the end of a file is read to find a line. Longer than the longest line. */
const EDGE_BYTES = 262_144

type First = Pick<AuditLine, 'log' | 'seq' | 'at'>

/** Of a full file: the `seq` of its first line, and a count if there was such a file already. */
const SUFFIX = /^\.(\d{12,})(?:\.(\d+))?$/

/** The file in use. */
interface Current {
  readonly handle: FileHandle
  readonly inode: number
  size: number
  /** Of the first line; `null` if there is none. */
  first: First | null
  /** Whether the file ends within a line. */
  isTorn: boolean
}

/**
 * A file that only grows: lines are appended and written through to the disk. A full file is renamed to `<path>.<seq of its first
 * line>`, so that the names are in the order of the log. Only the owner can read it (mode 0600).
 *
 * ```ts
 * const sink = fileSink({ path: './audit/sessions.log' })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function fileSink(options: FileSinkOptions): AuditSink {
  checkOptions(options, { path: 'string', rotateBytes: 'number', rotateAfter: 'any' }, 'fileSink')
  const { path, rotateBytes = 67_108_864 } = options
  const rotateAfterMs = toMs(options.rotateAfter ?? '1d', 'fileSink: rotateAfter')
  if (typeof path !== 'string' || path === '') throw new SessionError('ERR_OPTION', 'fileSink: path is missing.')
  let current: Current | null = null

  async function openFile(): Promise<Current> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const handle = await open(path, 'a+', 0o600)
    const stats = await handle.stat()
    if (!stats.isFile()) {
      await handle.close()
      throw new SessionError('ERR_EVENTS', `fileSink: ${path} is no regular file. For a stream, use loggerSink.`)
    }
    current = { handle, inode: stats.ino, size: stats.size, first: await firstOf(handle), isTorn: false }
    return current
  }

  async function read(): Promise<Held> {
    await letGo()
    const file = await openFile()
    // What an interrupted append left here counts as stored from now on.
    await file.handle.datasync()
    const { lines, torn } = await tailOf(file.handle, file.size)
    file.isTorn = torn !== ''
    // Only the line break may be missing.
    const isWhole = torn === '' || parseLine(torn) !== null
    const here = isWhole ? [...lines, torn] : lines
    // A crash can leave no whole line in a new file. The log then continues behind the file before.
    const newest = file.first === null ? (await rotated()).at(-1) : undefined
    const before = newest === undefined ? [] : await withFile(newest.file, linesOf)
    return {
      lines: [...before, ...here].filter((text) => text !== '').map((text) => ({ text })),
      torn: isWhole ? '' : [...tornBefore(lines), torn].join('\n'),
    }
  }

  async function append(lines: readonly AuditLine[]): Promise<void> {
    const before = current ?? (await openFile())
    await assertUntouched(before)
    const text = `${lines.map((line) => line.text).join('\n')}\n`
    const file = lines[0] !== undefined && isFull(before, text.length, lines[0]) ? await rotate(before) : before
    const bytes = Buffer.from(file.isTorn ? `\n${text}` : text)
    await file.handle.appendFile(bytes)
    await file.handle.datasync()
    file.size += bytes.length
    file.isTorn = false
    file.first ??= lines[0] ?? null
  }

  /** Otherwise lines would be written to a file that nobody finds any more, or between those of another process. */
  async function assertUntouched({ inode, size }: Current): Promise<void> {
    const found = await stat(path)
    if (found.ino === inode && found.size === size) return
    throw new SessionError(
      'ERR_EVENTS',
      `fileSink: ${path} was replaced, cut or written by another program. Each process needs a file of its own.`,
    )
  }

  /** A file also ends where a chain begins, because the lines before it do not fit the keys. */
  function isFull({ size, first }: Current, more: number, { log, at }: AuditLine): boolean {
    return (
      first !== null && (first.log !== log || size + more > rotateBytes || Math.abs(at - first.at) >= rotateAfterMs)
    )
  }

  async function rotate({ handle, first }: Current): Promise<Current> {
    current = null
    await handle.close()
    const name = `${path}.${String(first?.seq ?? 0).padStart(12, '0')}`
    let free = name
    // Somebody may have put an old copy of the log here.
    for (let count = 2; await isThere(free); count++) free = `${name}.${count}`
    await rename(path, free)
    return openFile()
  }

  /** Full files, oldest first. */
  async function rotated(): Promise<readonly { readonly file: string; readonly seq: number }[]> {
    const name = basename(path)
    return (await readdir(dirname(path)))
      .flatMap((each) => {
        const [, seq, count = 1] = (each.startsWith(`${name}.`) && SUFFIX.exec(each.slice(name.length))) || []
        return seq === undefined ? [] : [{ file: join(dirname(path), each), seq: Number(seq), count: Number(count) }]
      })
      .sort((a, b) => a.seq - b.seq || a.count - b.count)
  }

  /** A file can be deleted as a whole, once the first line of the next one is too old. */
  async function oldestKept(cutoff: number, now: number): Promise<number | null> {
    let oldest: number | null = null
    const [before, ...next] = await rotated()
    if (before === undefined) return null
    for (const file of [...next.map((each) => each.file), null]) {
      const first = file === null ? current?.first : await withFile(file, firstOf)
      // A file that cannot be read, or that began while the clock was ahead, must not keep those before it.
      if (first == null || first.at > now) continue
      if (first.at >= cutoff) return oldest
      oldest = first.seq
    }
    return oldest
  }

  async function deleteBefore(seq: number): Promise<void> {
    const files = await rotated()
    const begins = [...files.slice(1).map((each) => each.seq), current?.first?.seq ?? 0]
    for (const [index, { file }] of files.entries()) if ((begins[index] ?? 0) <= seq) await unlink(file)
  }

  async function letGo(): Promise<void> {
    const open = current
    current = null
    await open?.handle.close()
  }

  return { name: 'file', isShared: false, read, append, oldestKept, deleteBefore, close: letGo }
}

async function withFile<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r')
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

async function linesOf(handle: FileHandle): Promise<readonly string[]> {
  return (await tailOf(handle, (await handle.stat()).size)).lines
}

async function firstOf(handle: FileHandle): Promise<First | null> {
  const text = await textOf(handle, 0, EDGE_BYTES)
  return (
    text
      .split('\n')
      .slice(0, -1)
      .map(parseLine)
      .find((line) => line !== null) ?? null
  )
}

/** The last whole lines, and what follows them. */
async function tailOf(handle: FileHandle, size: number): Promise<{ lines: string[]; torn: string }> {
  const from = Math.max(0, size - EDGE_BYTES)
  const lines = (await textOf(handle, from, EDGE_BYTES)).split('\n')
  const torn = lines.pop() ?? ''
  return { lines: from === 0 ? lines : lines.slice(1), torn }
}

/** An append that recorded a torn line can be interrupted too, so several torn lines can follow each other. */
function tornBefore(lines: readonly string[]): readonly string[] {
  const count = [...lines].reverse().findIndex((text) => parseLine(text) !== null || !text.startsWith('{"log":"'))
  return count === -1 ? lines : lines.slice(lines.length - count)
}

async function textOf(handle: FileHandle, from: number, length: number): Promise<string> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, from)
  return buffer.toString('utf8', 0, bytesRead)
}
