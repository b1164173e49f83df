/** `npm run model`: explores every graph to its end, or those that fit all words given. */
import { explore, type Result } from './explore.ts'
import type { Run } from './run.ts'
import { runs } from './runs.ts'

const { MODEL_MINUTES = '10' } = process.env

export async function main(words: readonly string[]): Promise<boolean> {
  const chosen = runs.filter((run) => words.every((word) => textOf(run).includes(word.toLowerCase())))
  if (chosen.length === 0) {
    console.log(
      `No graph fits '${words.join(' ')}'. A word may be a property (S3), a variant (thief), or part of a name.`,
    )
    return false
  }
  console.log('| properties | variant | graph | states | |\n|---|---|---|---|---|')
  const bad: { run: Run; result: Result }[] = []
  const traces: string[] = []
  for (const run of chosen) {
    const result = await explore(run, { maxMs: Number(MODEL_MINUTES) * 60_000 })
    console.log(
      `| ${run.checks.join(', ')} | ${run.variant} | ${run.name} | ${result.states} | ${verdictOf(run, result)} |`,
    )
    if (!isAsKnown(run, result)) bad.push({ run, result })
    if (result.found !== null) traces.push(toTrace(run, result))
  }
  if (traces.length > 0) console.log(`\n${traces.join('\n')}`)
  return bad.length === 0
}

function textOf({ checks, variant, name }: Run): string {
  return `${checks.join(' ')} ${variant} ${name}`.toLowerCase()
}

/** Whether the run found what is documented, and nothing else. */
export function isAsKnown({ happens }: Run, { found }: Result): boolean {
  return found === null ? happens === undefined : found.property === happens?.property
}

function verdictOf(run: Run, { complete, found }: Result): string {
  if (found === null)
    return `${run.happens === undefined ? 'holds' : 'NOT FOUND ANY MORE'}, ${complete ? 'complete' : 'capped'}`
  return isAsKnown(run, { complete, found, states: 0 })
    ? `${found.property} happens, as documented`
    : `${found.property} BROKEN`
}

function toTrace({ name }: Run, { found }: Result): string {
  return found === null ? '' : `${found.property}, ${name}: ${found.text}\n  ${found.trace.join('\n  ')}\n`
}
