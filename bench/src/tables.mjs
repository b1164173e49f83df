import { budgetsOf, judge, outcomeOf, showInterval, toVerdict } from './budgets.mjs'
import { contenderNamed, contenders } from './contenders.mjs'
import { estimateAll, groupsOf, unsteadinessOf } from './estimates.mjs'
import { conditions, table } from './page.mjs'
import { describeSpending } from './profile/table.mjs'
import { SCENARIOS } from './settings.mjs'

/** @typedef {import('./results.mjs').Results} Results */

const TITLES = { read: 'Reading an existing session', write: 'Writing: one key changed', new: 'A new session' }

/** @param {Results} results @param {import('./settings.mjs').Scenario} scenario */
function costTable({ series }, scenario) {
  const order = contenders.map(({ name }) => name)
  const lines = estimateAll(series, scenario)
    .sort((a, b) => order.indexOf(a.contender.name) - order.indexOf(b.contender.name))
    .map(({ contender, rounds, cpu, added, timesBound, timesPeer, rps }) => [
      contender.kind === 'sojourn' ? `**${contender.name}**` : contender.name,
      showInterval(cpu, 'µs'),
      contender.kind === 'bare' ? '' : showInterval(added, 'µs'),
      timesBound === null ? '' : showInterval(timesBound, '×'),
      timesPeer === null ? '' : showInterval(timesPeer, '×'),
      rps.toFixed(0),
      String(rounds),
    ])
  const head = ['contender', 'CPU µs/request', 'added µs', '× bound', '× best peer', 'requests/s', 'rounds']
  return table(head, lines)
}

/** @param {Results} results */
function budgetTable(results) {
  const verdicts = judge(results)
  const count = (/** @type {import('./budgets.mjs').Outcome} */ outcome) =>
    verdicts.filter((verdict) => verdict.outcome === outcome).length
  const lines = verdicts.map(({ what, budget, measured, verdict }) => [what, budget, measured, verdict])
  const undecided = count('undecided')
  const rest = undecided === 0 ? '' : ` For ${undecided}, the limit is inside the interval of what was measured.`
  return `${count('met')} of ${verdicts.length} met, ${count('missed')} missed.${rest}\n\n${table(['what', 'budget', 'measured', ''], lines)}`
}

/** @param {Results} results */
function spendingTable({ series, profiles }) {
  const lines = SCENARIOS.flatMap((scenario) => {
    const estimates = estimateAll(series, scenario)
    const spentBy = (/** @type {string} */ name) => {
      const profile = profiles.find((each) => each.contender === name && each.scenario === scenario)
      const found = estimates.find(({ contender }) => contender.name === name)
      return profile === undefined || found === undefined ? null : { profile, cpuUs: found.cpu.value }
    }
    return estimates.flatMap((estimate) => {
      const { name, framework } = estimate.contender
      const missed = budgetsOf(estimate, scenario).filter((budget) => outcomeOf(budget) !== 'met')
      const [own, bare] = [spentBy(name), spentBy(`${framework}-bare`)]
      if (missed.length === 0 || own === null || bare === null) return []
      const limits = missed.map((budget) => toVerdict(budget).budget).join(', ')
      return [[`${scenario}, ${name}`, limits, showInterval(estimate.added, 'µs'), describeSpending(own, bare)]]
    })
  })
  if (lines.length === 0) return 'No profile was taken in this run.'
  return table(['what', 'not met', 'added µs', 'where: µs a request over the bare server'], lines)
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
  const titles = {
    createSessions: '`createSessions` with its defaults, for Node',
    node: 'everything of `sojourn`, for Node',
    portable: 'everything of `sojourn`, for other runtimes',
  }
  const lines = Object.entries(titles).map(([name, title]) => {
    const { minified, gzipped } = bundle[/** @type {keyof typeof titles} */ (name)]
    return [title, `${minified}`, `${gzipped}`]
  })
  return table(['bundle', 'minified B', 'gzipped B'], lines)
}

/** @param {Results} results */
function benchConditions(results) {
  const { settings, machine, series } = results
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  const rounds = `${settings.minRounds} to ${settings.maxRounds} rounds of 2 × ${settings.visitMs} ms of CPU`
  return [
    conditions(results, `: ${rounds}, ${settings.sessions} sessions`),
    machine.pinned ? 'Servers pinned to core 0, load and databases to core 1.' : 'Not pinned to cores, so noisier.',
    `${versions.join(', ')}.`,
    describeNoise(series),
  ].join('\n')
}

/** @param {Results['series']} series */
function describeNoise(series) {
  const worst = Math.max(...SCENARIOS.flatMap((scenario) => groupsOf(series, scenario)).map(unsteadinessOf))
  const steal = Math.max(...series.flatMap((each) => each.steal), 0)
  return [
    `In its slower rounds the machine was up to ${worst.toFixed(1)} times as slow as in its faster ones, which is taken out;`,
    `its host took up to ${(steal * 100).toFixed(0)} % of a round.`,
  ].join(' ')
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
    ['## What is spent where a budget is not met', spendingTable(results)],
    ...SCENARIOS.map((scenario) => [`## ${TITLES[scenario]}`, costTable(results, scenario)]),
    ['## Lost updates: keys left of 50 parallel requests that each add one', lostUpdateTable(results)],
    ['## Logout while a slow request is in flight', logoutTable(results)],
    ['## What a stored session takes', footprintTable(results)],
    ['## Size of the bundle', bundleTable(results)],
  ]
    .flat()
    .join('\n\n')
}
