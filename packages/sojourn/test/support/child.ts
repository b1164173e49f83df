import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Beside the packages that it imports; ignored by git. */
const FOLDER = fileURLToPath(new URL('../../node_modules/.sojourn-test/', import.meta.url))

const built = new Map<string, Promise<string>>()

/**
 * Bundles a TypeScript program with the sources it imports, as they are now, and answers with the file to run:
 * child processes then run the same code as the tests, on any supported Node.
 */
export function buildChild(program: URL): Promise<string> {
  const file = built.get(program.href) ?? bundle(program)
  built.set(program.href, file)
  return file
}

async function bundle(program: URL): Promise<string> {
  mkdirSync(FOLDER, { recursive: true })
  const outfile = `${FOLDER}${basename(program.pathname, '.ts')}.${process.pid}.mjs`
  await build({
    entryPoints: [fileURLToPath(program)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: [
      'lmdb',
      'redis',
      'pg',
      'mysql2',
      'libsql',
      'express',
      'express-session',
      'rate-limiter-flexible',
      '@aws-sdk/*',
      '@opentelemetry/*',
      'jose',
      'ws',
    ],
    logLevel: 'error',
  })
  return outfile
}

/** Call this when a test file is done. It deletes the built files. */
export async function removeBuilt(): Promise<void> {
  for (const file of await Promise.all(built.values())) rmSync(file, { force: true })
  built.clear()
}

export interface Child {
  readonly process: ChildProcess
  /** Every whole line of standard output so far. */
  lines(): readonly string[]
  /** Resolves when a line begins with this text; rejects when the process ends before. */
  said(text: string): Promise<string>
  /** Resolves when the process has ended, with its exit code, or `null` when a signal ended it. */
  readonly ended: Promise<number | null>
}

/** Starts `node file ...args`. If it fails, the error includes its standard error. */
export function startChild(file: string, args: readonly string[], command: readonly string[] = []): Child {
  const [program = process.execPath, ...rest] = [...command, process.execPath, file, ...args]
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let complaint = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === null || code === 0) resolve(code)
      else reject(new Error(`${basename(file)} ended with ${code}: ${complaint}`))
      for (const listener of listeners) listener()
    })
  })
  // A test that killed it may look at nothing more.
  ended.catch(() => undefined)
  const lines = (): string[] => output.split('\n').slice(0, -1)

  return {
    process: child,
    lines,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines().find((candidate) => candidate.startsWith(text))
          const isOver = child.exitCode !== null || child.signalCode !== null
          if (line === undefined && !isOver) return
          listeners.delete(look)
          if (line === undefined) reject(new Error(`${basename(file)} ended without saying "${text}": ${complaint}`))
          else resolve(line)
        }
        listeners.add(look)
        look()
      }),
  }
}
