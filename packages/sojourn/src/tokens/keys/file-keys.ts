/**
 * Signing keys in a file, for one machine.
 * @module sojourn/tokens/file-keys
 */
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { checkArgument, checkOptions } from '../../core/contracts/check-options.ts'
import { sleep } from '../../core/lib/runtime.ts'
import { type KeyPlace, type ManagedKeys, type ManagedKeysOptions, managedKeys } from './managed.ts'

export type { ManagedKeys, ManagedKeysOptions } from './managed.ts'

const KINDS = { algorithm: 'string', rotateEvery: 'any', clock: 'function' } as const

/**
 * Signing keys that are made in this file (mode 0600) and replaced by themselves. All processes of one machine may use it. Keep it
 * out of backups that others can read: it is not encrypted. Several machines use `storeKeys`.
 *
 * ```ts
 * const keys = fileKeys('./data/token-keys.json')
 * ```
 *
 * @throws `ERR_OPTION` for an unknown or wrong option.
 */
export function fileKeys(path: string, options: ManagedKeysOptions = {}): ManagedKeys {
  checkArgument(path, 'string', 'fileKeys: path')
  checkOptions(options, KINDS, 'fileKeys')
  return managedKeys(toPlace(path), options, 'fileKeys')
}

function toPlace(path: string): KeyPlace {
  async function read(): Promise<string | null> {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return null
      throw error
    }
  }

  return {
    read,
    swap: (from, to) =>
      locked(`${path}.lock`, async () => {
        if ((await read()) !== from) return false
        const next = `${path}.next`
        await rm(next, { force: true })
        const file = await open(next, 'wx', 0o600)
        try {
          await file.writeFile(to)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(next, path)
        return true
      }),
  }
}

/** A process that stopped while it held the lock leaves it behind. */
const STALE_MS = 10_000
const AGAIN_MS = 20

async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const lock = await open(path, 'wx', 0o600)
      await lock.close()
      break
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      )
      if (age > STALE_MS) await rm(path, { force: true })
      else await sleep(AGAIN_MS)
    }
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}
