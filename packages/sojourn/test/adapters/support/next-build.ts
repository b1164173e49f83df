import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const NEXT = createRequire(import.meta.url).resolve('next/dist/bin/next')
const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url))

/**
 * Runs `next build` on an application of the tests unless a test has done so since it or the package changed, and returns its
 * folder. The build takes half a minute.
 */
export async function buildNext(name: string): Promise<string> {
  const folder = fileURLToPath(new URL(`../${name}/`, import.meta.url))
  const [stamp, lock] = [`${folder}.next/stamp`, `${folder}.next-lock`]
  const wanted = fingerprint(folder)
  const isBuilt = (): boolean => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  while (!isBuilt()) {
    if (!takeLock(lock)) await wait(200)
    else {
      try {
        if (!isBuilt()) await build(folder)
        writeFileSync(stamp, wanted)
      } finally {
        rmSync(lock, { recursive: true })
      }
    }
  }
  return folder
}

/** Test files run in several processes. One that died gives the lock back. */
function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock)
    writeFileSync(`${lock}/pid`, String(process.pid))
    return true
  } catch {
    const pid = existsSync(`${lock}/pid`) ? Number(readFileSync(`${lock}/pid`, 'utf8')) : 0
    if (pid !== 0 && !isRunning(pid)) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function build(cwd: string): Promise<void> {
  const child = spawn(process.execPath, [NEXT, 'build'], {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`next build failed:\n${output}`)
}

function fingerprint(folder: string): string {
  const files = [...filesIn(`${folder}app/`), ...filesIn(folder, false), ...filesIn(DIST)].filter((file) =>
    /\.(?:js|tsx?)$/.test(file),
  )
  const hash = createHash('sha256')
  for (const file of files.sort()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function filesIn(folder: string, recursive = true): string[] {
  return readdirSync(folder, { recursive, encoding: 'utf8' }).map((file) => folder + file)
}
