import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { renderFaults } from './faults-table.mjs'
import { describeMachine } from './machine.mjs'
import { updateSection } from './readme.mjs'
import { FAULTS, writeJson } from './results.mjs'

/**
 * `npm run faults`: 200 clients at work on real servers that are killed, paused, cut off and failed over. What happens is in
 * packages/sojourn/test/faults, of which tests run a short version; here it lasts longer, and is written down.
 */

const FOLDER = new URL('../../packages/sojourn/test/faults/', import.meta.url)

/** Beside its source, for it starts others by where they are from there. */
async function bundle() {
  const outfile = fileURLToPath(new URL(`.run.${process.pid}.mjs`, FOLDER))
  const entryPoints = [fileURLToPath(new URL('main.ts', FOLDER))]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })
  return outfile
}

/** @param {string} program @param {readonly string[]} args */
async function run(program, args) {
  /** @type {import('./faults-table.mjs').Outcome[]} */
  const outcomes = []
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{')) continue
    const { example, ...outcome } = JSON.parse(line)
    process.stderr.write(`${outcome.store}, ${outcome.fault}: ${JSON.stringify(outcome)}\n`)
    if (example !== null) process.stderr.write(`${JSON.stringify(example)}\n`)
    outcomes.push(outcome)
  }
  if ((await ended) !== 0) throw new Error('The run ended before all scenarios were through.')
  return outcomes
}

const program = await bundle()
try {
  const only = process.argv.slice(2)
  const at = new Date().toISOString()
  const results = { at, machine: describeMachine(), outcomes: await run(program, only) }
  if (only.length === 0) {
    await writeJson(FAULTS, results)
    await updateSection('faults', renderFaults(results))
  }
  console.log(renderFaults(results))
} finally {
  await rm(program)
}
