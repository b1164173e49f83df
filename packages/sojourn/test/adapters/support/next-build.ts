import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The application of the tests. */
export const APP = fileURLToPath(new URL('../next-app/', import.meta.url))

const NEXT = createRequire(import.meta.url).resolve('next/dist/bin/next')
const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url))
const STAMP = `${APP}.next/stamp`
const LOCK = `${APP}.next-lock`

/** Runs `next build` unless a test has done so since the application or the package changed. The build takes half a minute. */
export async function buildNext(): Promise<void> {
  const wanted = fingerprint()
  const isBuilt = (): boolean => existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted
  while (!isBuilt()) {
    if (!takeLock()) await wait(200)
    else {
      try {
        if (!isBuilt()) await build()
        writeFileSync(STAMP, wanted)
      } finally {
        rmSync(LOCK, { recursive: true })
      }
    }
  }
}

/** Test files run in several processes. One that died gives the lock back. */
function takeLock(): boolean {
  try {
    mkdirSync(LOCK)
    writeFileSync(`${LOCK}/pid`, String(process.pid))
    return true
  } catch {
    const pid = existsSync(`${LOCK}/pid`) ? Number(readFileSync(`${LOCK}/pid`, 'utf8')) : 0
    if (pid !== 0 && !isRunning(pid)) rmSync(LOCK, { recursive: true, force: true })
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

async function build(): Promise<void> {
  const child = spawn(process.execPath, [NEXT, 'build'], {
    cwd: APP,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`next build failed:\n${output}`)
}

function fingerprint(): string {
  const files = [...filesIn(`${APP}app/`), ...filesIn(APP, false), ...filesIn(DIST)].filter((file) =>
    /\.(?:js|tsx?)$/.test(file),
  )
  const hash = createHash('sha256')
  for (const file of files.sort()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function filesIn(folder: string, recursive = true): string[] {
  return readdirSync(folder, { recursive, encoding: 'utf8' }).map((file) => folder + file)
}
