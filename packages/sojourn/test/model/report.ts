import type { Result } from './explore.ts'
import type { Property, Run, Variant } from './run.ts'

export interface Explored {
  readonly run: Run
  readonly result: Result
}

/** Whether the run found what is documented, and nothing else. */
export function isAsKnown({ run: { happens }, result: { found } }: Explored): boolean {
  return found === null ? happens === undefined : found.property === happens?.property
}

/** One line a graph. */
export function toLine({ run, result }: Explored): string {
  return `| ${run.checks.join(', ')} | ${run.variant} | ${run.name} | ${result.states} | ${toVerdict({ run, result })} |`
}

function toVerdict(explored: Explored): string {
  const { happens } = explored.run
  const { found, complete } = explored.result
  if (found !== null)
    return isAsKnown(explored) ? `${found.property} is broken, as documented` : `${found.property} BROKEN`
  return `${happens === undefined ? 'holds' : 'HOLDS, against the documents'}, ${complete ? 'complete' : 'capped'}`
}

/** The shortest way to a broken promise. */
export function toTrace({ run, result: { found } }: Explored): string {
  return found === null ? '' : `${found.property}, ${run.name}: ${found.text}\n  ${found.trace.join('\n  ')}\n`
}

const VARIANTS: readonly Variant[] = ['no cache', 'near cache', 'skewed clocks', 'failover', 'thief']
const PROPERTIES: readonly Property[] = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8']

/** Property by variant: the states of all graphs in which it holds. */
export function toTable(all: readonly Explored[]): string {
  const head = ['', ...VARIANTS]
  const rows = PROPERTIES.map((property) => [property, ...VARIANTS.map((variant) => toCell(all, property, variant))])
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function toCell(all: readonly Explored[], property: Property, variant: Variant): string {
  const here = all.filter(({ run }) => run.variant === variant && run.checks.includes(property))
  const held = here.filter(({ result }) => result.found?.property !== property)
  if (here.length === 0) return '-'
  const states = held.reduce((sum, { result }) => sum + result.states, 0)
  const isCapped = held.some(({ result }) => !result.complete && result.found === null)
  const broken = here.filter(({ result }) => result.found?.property === property)
  const wrong = broken.some((one) => !isAsKnown(one)) ? 'BROKEN' : 'broken as documented'
  return [
    ...(held.length > 0 ? [`holds: ${states}${isCapped ? ', capped' : ''}`] : []),
    ...(broken.length > 0 ? [`${wrong}: ${broken.map(({ result }) => result.states).join(', ')}`] : []),
  ].join('; ')
}
