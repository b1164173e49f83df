/** `npm run model`: explores every graph, or those that fit all words given, and prints what holds where. */
import { explore } from './explore.ts'
import { type Explored, isAsKnown, toLine, toTable, toTrace } from './report.ts'
import type { Run } from './run.ts'
import { runs } from './runs.ts'

const { MODEL_MINUTES = '10' } = process.env

/** Whether everything is as documented. */
export async function main(words: readonly string[]): Promise<boolean> {
  const chosen = runs.filter((run) => words.every((word) => textOf(run).includes(word.toLowerCase())))
  if (chosen.length === 0) {
    console.log(`No graph fits '${words.join(' ')}'. A word is a property (S3), a variant (thief), or part of a name.`)
    return false
  }
  console.log('| properties | variant | graph | states | |\n|---|---|---|---|---|')
  const all: Explored[] = []
  for (const run of chosen) {
    const explored = { run, result: await explore(run, { maxMs: Number(MODEL_MINUTES) * 60_000 }) }
    all.push(explored)
    console.log(toLine(explored))
  }
  console.log(`\n${all.map(toTrace).filter(Boolean).join('\n')}\n${toTable(all)}`)
  return all.every(isAsKnown)
}

function textOf({ checks, variant, name }: Run): string {
  return `${checks.join(' ')} ${variant} ${name}`.toLowerCase()
}
