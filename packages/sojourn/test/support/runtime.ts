import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runtimePath } from '../../../../tools/runtimes.mjs'
import { bundle } from './bundle.ts'

/** Beside the drivers that programs import. */
const folder = (): string => join(runtimePath('better-sqlite3'), '../.sojourn-test')

const made = new Set<string>()
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Call this when a test file is done. It deletes the built files. */
export function removePrograms(): void {
  for (const file of made) rmSync(file, { force: true })
}

/** A TypeScript program, ready to be run by another runtime. */
export async function buildProgram(program: URL): Promise<string> {
  mkdirSync(folder(), { recursive: true })
  const file = join(folder(), `${basename(program.pathname, '.ts')}.${process.pid}.mjs`)
  writeFileSync(file, await bundle(program, 'node'))
  made.add(file)
  return file
}

export type Runtime = 'node' | 'bun' | 'deno'

const PROGRAMS = { node: 'node/bin/node', bun: 'bun/bin/bun.exe', deno: 'deno/deno' } as const

/** The full path of the runtime. */
export function programOf(runtime: Runtime): string {
  return runtimePath(PROGRAMS[runtime])
}

/** The output of a program that ended without an error. */
export function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let [output, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      running.delete(child)
      if (code === 0) resolve(output)
      else reject(new Error(`${basename(args.at(-3) ?? '')} ended with ${code}: ${complaint.slice(-2000)}`))
    })
  })
}
