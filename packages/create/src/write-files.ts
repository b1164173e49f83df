import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from './usage-error.ts'

/** Nothing that is there is ever overwritten. */
export function assertEmpty(folder: string): void {
  if (!existsSync(folder)) return
  const [first] = entriesOf(folder)
  if (first !== undefined) throw new UsageError(`${folder} is not empty: it has ${first}. Choose another folder.`)
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    throw new UsageError(`${folder} is there, and is not a folder. Choose another name.`)
  }
}

export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    // Readable by its owner only where it has a password.
    writeFileSync(join(folder, path), text, { flag: 'wx', mode: path === '.env' ? 0o600 : 0o666 })
  }
}
