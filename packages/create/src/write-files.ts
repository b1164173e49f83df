import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from './usage-error.ts'

/** Writes every file, or leaves everything as it was. Nothing that is there is overwritten. */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  const made: string[] = []
  try {
    for (const [path, text] of files) {
      const file = join(folder, path)
      const outermost = mkdirSync(dirname(file), { recursive: true })
      if (outermost !== undefined) made.push(outermost)
      // Readable by its owner only where it has a password.
      writeFileSync(file, text, { flag: 'wx', mode: path === '.env' ? 0o600 : 0o666 })
      made.push(file)
    }
  } catch (error) {
    for (const path of made.reverse()) rmSync(path, { recursive: true, force: true })
    throw new UsageError(
      `${folder} cannot be written (${(error as Error).message}), and is left as it was. Choose another folder.`,
    )
  }
}
