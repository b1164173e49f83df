import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { SessionError } from '../../core/contracts/errors.ts'
import type { Environment } from './environment.ts'

/**
 * Copies into a directory beside the target, and renames it once it is complete and on disk, so that the target is never half a
 * backup.
 */
export async function backUp({ root }: Environment, path: string): Promise<void> {
  const target = resolve(path)
  if (existsSync(target))
    throw new SessionError('ERR_OPTION', 'lmdb: the directory of a backup must not exist yet. Choose another path.')
  const partial = `${target}.${randomBytes(6).toString('hex')}.partial`
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await mkdir(partial, { mode: 0o700 })
    // Compact: free pages, which may still contain deleted sessions, are not copied.
    await root.backup(partial, true)
    await flush(join(partial, 'data.mdb'))
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined)
    throw new SessionError('ERR_STORE', 'lmdb: the backup failed.', error)
  }
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.chmod(0o600)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
