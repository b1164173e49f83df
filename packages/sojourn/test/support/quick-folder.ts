import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Databases that wait for the disk do so thousands of times in these tests: where there is a disk in memory, they run there. */
const DISK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** An empty folder for the tests of a file, to be asked for outside of them. It is gone when they are done. */
export function quickFolder(name: string): string {
  const folder = mkdtempSync(join(DISK, `sojourn-${name}-`))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
