import { createHash } from 'node:crypto'

/**
 * Whether a mutant is in the sample: by its place and its text, so that a change elsewhere in the file changes little.
 * @param {{ fileName: string, mutatorName: string, replacement?: string, location: { start: { line: number, column: number } } }} mutant
 * @param {{ every: number, offset: number }} sample
 */
export function isInSample({ fileName, mutatorName, replacement = '', location: { start } }, { every, offset }) {
  const file = fileName.replaceAll('\\', '/').split('/packages/').at(-1)
  const text = [file, start.line, start.column, mutatorName, replacement].join(':')
  return createHash('sha256').update(text).digest().readUInt32BE(0) % every === offset
}

/** A Stryker plugin that lets the sample through. The other mutants count as invalid: not run, and no part of the score. */
class SampleChecker {
  sample = { every: Number(process.env.MUTATION_EVERY ?? '1'), offset: Number(process.env.MUTATION_OFFSET ?? '0') }

  async init() {}

  /** @param {readonly { id: string, fileName: string, mutatorName: string, replacement: string, location: { start: { line: number, column: number } } }[]} mutants */
  async check(mutants) {
    const outside = { status: 'compileError', reason: 'not in the sample' }
    return Object.fromEntries(
      mutants.map((mutant) => [mutant.id, isInSample(mutant, this.sample) ? { status: 'passed' } : outside]),
    )
  }

  /** @param {readonly { id: string }[]} mutants */
  async group(mutants) {
    return [mutants.map(({ id }) => id)]
  }
}

export const strykerPlugins = [{ kind: 'Checker', name: 'sample', injectableClass: SampleChecker }]
