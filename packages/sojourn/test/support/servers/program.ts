import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { findProgram } from '../../../../../tools/servers.mjs'

/** A real server that a test started, on its own port and in its own folder. It ends with the test. */
export interface Running {
  readonly process: ChildProcess
  /** `kill -9`, waiting until it is dead. The folder stays. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  resume(): void
  /** Ends it. The creator of a server's folder removes the folder. */
  stop(): Promise<void>
}

const alive = new Set<ChildProcess>()
const folders = new Set<string>()

// A test run that is interrupted leaves no server and no folder behind.
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder, removed when this process ends. */
export async function newFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `sojourn-${name}-`))
  folders.add(folder)
  return folder
}

/** A Redis Cluster's second port is 10,000 above its first. Both lie below the ports that systems hand out. */
const FIRST_PORT = 10_000
const LAST_PORT = 21_999

/**
 * A port that was free a moment ago, for a server that cannot choose one itself. The system never hands it out, so a
 * connection that another test opens in between cannot take it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** The program's path; a server that is missing is a failure, never a reason to pass. */
export function programPath(program: string): string {
  const path = findProgram(program)
  if (path === null) throw new Error(`${program} is not installed. npm test says how to get it.`)
  return path
}

export interface Launch {
  readonly args: readonly string[]
  /** Servers that refuse to run as root. */
  readonly uid?: number
  readonly gid?: number
  readonly env?: Readonly<Record<string, string>>
  /** Resolves when it answers; asked again until it does. */
  readonly isReady: () => Promise<boolean>
  readonly timeoutMs?: number
}

/**
 * Becomes the program, and leaves a watchdog beside it that kills it when the other end of descriptor 3 closes without a
 * word: a test worker that is killed runs no handler of its own.
 */
const WATCHED = `
( (trap '' HUP INT TERM; read -r _ <&3 || kill -9 $$) >/dev/null 2>&1 & )
exec "$0" "$@" 3<&-
`

/** Starts a program in the foreground and resolves when it answers. */
export async function launch(program: string, options: Launch): Promise<Running> {
  const { args, uid, gid, env, isReady, timeoutMs = 30_000 } = options
  const child = spawn('/bin/sh', ['-c', WATCHED, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  })
  alive.add(child)
  const watchdog = child.stdio[3] as Writable
  watchdog.on('error', () => undefined)
  child.once('exit', () => watchdog.end('done\n'))
  let said = ''
  const hear = (text: Buffer): void => {
    said = (said + text.toString()).slice(-4000)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const dead = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  }).then(() => void alive.delete(child))

  const deadline = Date.now() + timeoutMs
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${program} did not come up: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill('SIGCONT')
    child.kill(signal)
    await dead
  }
  return {
    process: child,
    kill: () => end('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: () => end('SIGTERM'),
  }
}

/** Whether something accepts connections there. */
export function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    const done = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
  })
}
