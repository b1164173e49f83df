/** `npm run anomaly`: prints how much the guard sees of the simulated attacks, and how often it is wrong about honest users. */
import type { Knowledge } from './internet.ts'
import { type Half, measure, type Result } from './measure.ts'
import { attackTable, honestTable, signalTable } from './report.ts'

const TITLES: readonly (readonly [Knowledge, string])[] = [
  ['none', 'no look-up'],
  ['free', 'countries, ASN'],
  ['full', 'cities, ASN, kinds'],
]

export async function main(words: readonly string[]): Promise<boolean> {
  const half: Half = words.includes('seen') ? 'seen' : 'unseen'
  const columns: [string, readonly Result[]][] = []
  const beganMs = Date.now()
  for (const [knowledge, title] of TITLES) columns.push([title, await measure(half, knowledge)])
  const results = columns.flatMap(([, all]) => all)
  const requests = results.reduce((sum, { driven }) => sum + driven.requests, 0)
  console.log(
    `${columns[0]?.[1].length} histories of the ${half} half, ${requests} requests, ${Math.round((Date.now() - beganMs) / 1000)} s\n`,
  )
  for (const [, all] of columns) for (const { driven } of all) if (driven.faults > 0) throw new Error('a fault')
  console.log([attackTable(columns), honestTable(columns), signalTable(columns)].join('\n\n'))
  return true
}
