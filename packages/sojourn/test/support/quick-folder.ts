import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Databases that wait for the disk do so thousands of times in these tests: where there is a disk in memory, they run there. */
const DISK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const folders = new Set<string>()
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder, removed when this process ends. */
export function quickFolder(name: string): string {
  const folder = mkdtempSync(join(DISK, `sojourn-${name}-`))
  folders.add(folder)
  return folder
}
