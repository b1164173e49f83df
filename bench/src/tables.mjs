import { judge } from './budgets.mjs'
import { contenderNamed, contenders } from './contenders.mjs'
import { SCENARIOS } from './settings.mjs'
import { noiseOf, summarise, timesBound } from './summary.mjs'

/** @typedef {import('./results.mjs').Results} Results */

const NOISY = 1.3
const TITLES = { read: 'Reading an existing session', write: 'Writing: one key changed', new: 'A new session' }

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** @param {import('./summary.mjs').Spread} spread @param {number} digits */
function show({ median, min, max }, digits) {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
}

/** @param {Results} results @param {import('./settings.mjs').Scenario} scenario */
function costTable({ rows }, scenario) {
  const summaries = summarise(rows, scenario)
  const lines = [...summaries.values()].map((summary) => {
    const { contender, cpu, added, ratio, rps } = summary
    const times = timesBound(summaries, summary)
    const compared = contender.kind === 'bare' ? ['', ''] : [show(added, 1), show(ratio, 2)]
    return [
      contender.kind === 'sojourn' ? `**${contender.name}**` : contender.name,
      show(cpu, 1),
      ...compared,
      times === null ? '' : Number.isNaN(times) ? '?' : `${times.toFixed(1)}×`,
      show(rps, 0),
    ]
  })
  const order = contenders.map(({ name }) => name)
  lines.sort(
    (a, b) => order.indexOf((a[0] ?? '').replaceAll('*', '')) - order.indexOf((b[0] ?? '').replaceAll('*', '')),
  )
  return table(['contender', 'CPU µs/request', 'added µs', 'CPU ratio', 'added, × bound', 'requests/s'], lines)
}

/** @param {Results} results */
function budgetTable(results) {
  const verdicts = judge(results)
  const met = verdicts.filter((verdict) => verdict.met).length
  const lines = verdicts.map(({ what, budget, measured, verdict }) => [what, budget, measured, verdict])
  return `${met} of ${verdicts.length} met.\n\n${table(['what', 'budget', 'measured', ''], lines)}`
}

/** @param {Results} results */
function lostUpdateTable({ races }) {
  const lines = races.map(({ contender, kept, keptWithWork }) => [contender, kept.join(', '), keptWithWork.join(', ')])
  return table(['contender', 'no work in the handler', '5 to 24 ms of work in the handler'], lines)
}

/** @param {Results} results */
function logoutTable({ races }) {
  const say = (/** @type {boolean} */ isIn) => (isIn ? 'LOGGED IN' : 'logged out')
  const lines = races.flatMap(({ contender, reading, writing }) =>
    Object.entries({ reads: reading, writes: writing }).map(([what, race]) => [
      contender,
      what,
      say(race.rightAfter),
      say(race.jar),
      say(race.replayed),
    ]),
  )
  return table(
    ['contender', 'slow request', 'old cookie, right after logout', "browser's cookie, later", 'old cookie, later'],
    lines,
  )
}

/** @param {Results} results */
function footprintTable({ footprints }) {
  const lines = footprints
    .filter(({ contender }) => ['memory', 'lmdb'].includes(contenderNamed(contender).store))
    .map(({ contender, heap, rss, disk }) => [
      contender,
      heap.toFixed(0),
      rss.toFixed(0),
      disk > 0 ? disk.toFixed(0) : '',
    ])
  return table(['contender', 'heap B/session', 'resident B/session', 'files B/session'], lines)
}

/** @param {Results} results */
function bundleTable({ bundle }) {
  const lines = Object.entries(bundle).map(([name, { minified, gzipped }]) => [name, `${minified}`, `${gzipped}`])
  return table(['everything of `sojourn`', 'minified B', 'gzipped B'], lines)
}

/**
 * When and on what.
 *
 * @param {Pick<Results, 'at' | 'machine'>} run
 * @param {string} [how]
 */
export function conditions({ at, machine }, how = '') {
  const { cores, cpu, memoryMb, system, node } = machine
  return [
    `Measured ${at.slice(0, 10)} at commit ${machine.commit}${machine.changed ? ' with changes' : ''}${how},`,
    `on ${cores} × ${cpu}, ${memoryMb} MB, ${system}, Node ${node}.`,
  ].join('\n')
}

/** @param {Results} results */
function benchConditions(results) {
  const { settings, machine, rows } = results
  const noise = noiseOf(rows)
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return [
    conditions(results, `: ${settings.rounds} rounds of ${settings.ms} ms, ${settings.sessions} sessions`),
    machine.pinned ? 'Servers pinned to core 0, load and databases to core 1.' : 'Not pinned to cores, so noisier.',
    `${versions.join(', ')}.`,
    ...(noise > NOISY
      ? [
          `**A noisy run**: the bare servers' CPU a request swung ${noise.toFixed(1)}-fold. Small differences mean nothing.`,
        ]
      : []),
  ].join('\n')
}

/**
 * All of it, as Markdown.
 *
 * @param {Results} results
 */
export function render(results) {
  return [
    benchConditions(results),
    ['## Budgets', budgetTable(results)],
    ...SCENARIOS.map((scenario) => [`## ${TITLES[scenario]}`, costTable(results, scenario)]),
    ['## Lost updates: keys left of 50 parallel requests that each add one', lostUpdateTable(results)],
    ['## Logout while a slow request is in flight', logoutTable(results)],
    ['## What a stored session takes', footprintTable(results)],
    ['## Size of the bundle', bundleTable(results)],
  ]
    .flat()
    .join('\n\n')
}
