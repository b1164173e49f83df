import { table } from '../page.mjs'
import { compare, shareCpu, shareHeap } from './groups.mjs'

const MOST_FUNCTIONS = 30
const LEAST_US = 0.05
const MOST_GROUPS = 6
const LEAST_GROUP_US = 0.2

/**
 * @param {string} title
 * @param {{ own: import('./take.mjs').RawProfile, bare: import('./take.mjs').RawProfile }} of
 * @returns {string} Markdown.
 */
export function compareTables(title, { own, bare }) {
  const cpuOf = (/** @type {import('./take.mjs').RawProfile} */ raw) => shareCpu(raw.cpu, raw.requests.cpu, raw)
  const cpu = { own: cpuOf(own), bare: cpuOf(bare) }
  const heap = { own: shareHeap(own.heap, own.requests.heap), bare: shareHeap(bare.heap, bare.requests.heap) }
  return [
    `## ${title}`,
    tableOf('part', cpu.own.groups, cpu.bare.groups, heap.own.groups, heap.bare.groups),
    tableOf('function', cpu.own.functions, cpu.bare.functions, heap.own.functions, heap.bare.functions, MOST_FUNCTIONS),
  ].join('\n\n')
}

/**
 * @param {string} what
 * @param {Record<string, number>} cpu
 * @param {Record<string, number>} bareCpu
 * @param {Record<string, number>} heap
 * @param {Record<string, number>} bareHeap
 * @param {number} [most]
 */
function tableOf(what, cpu, bareCpu, heap, bareHeap, most = Number.POSITIVE_INFINITY) {
  const bytes = new Map(compare(heap, bareHeap).map((each) => [each.name, each]))
  const lines = compare(cpu, bareCpu)
    .filter(({ own, over }) => own >= LEAST_US || over <= -LEAST_US)
    .slice(0, most)
    .map(({ name, own, over }) => [
      name,
      own.toFixed(2),
      over.toFixed(2),
      (bytes.get(name)?.own ?? 0).toFixed(0),
      (bytes.get(name)?.over ?? 0).toFixed(0),
    ])
  return table([what, 'µs/request', 'over bare', 'allocated B/request', 'over bare'], lines)
}

/**
 * The parts that cost most, over the bare server. A profile says how a request's CPU is divided; how much CPU that is, the rounds
 * say, which are exact.
 *
 * @param {{ profile: import('./take.mjs').Profile, cpuUs: number }} own
 * @param {{ profile: import('./take.mjs').Profile, cpuUs: number }} bare
 */
export function describeSpending(own, bare) {
  return compare(divide(own), divide(bare))
    .filter(({ over }) => over >= LEAST_GROUP_US)
    .slice(0, MOST_GROUPS)
    .map(({ name, over }) => `${name} ${over.toFixed(1)}`)
    .join(', ')
}

/** @param {{ profile: import('./take.mjs').Profile, cpuUs: number }} of */
function divide({ profile, cpuUs }) {
  const all = Object.values(profile.cpu).reduce((sum, each) => sum + each, 0)
  return Object.fromEntries(Object.entries(profile.cpu).map(([name, each]) => [name, (each / all) * cpuUs]))
}
