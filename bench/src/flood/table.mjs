import { conditions, table } from '../page.mjs'

/**
 * @typedef {object} Floods
 * @property {string} at
 * @property {ReturnType<typeof import('../machine.mjs').describeMachine>} machine
 * @property {import('./measure.mjs').Flooded[]} rows
 */

/** @param {import('./measure.mjs').Latency} latency */
const toText = ({ p50Us, p99Us }) => `${p50Us.toFixed(1)} (${p99Us.toFixed(1)})`

/** @param {Floods} floods */
export function renderFlood({ at, machine, rows }) {
  const head = [
    'what',
    'forged tokens',
    'reads of the store',
    'calls of the limiter',
    'answered with 429',
    'CPU, µs/token',
    'heap, B/token',
    'honest request before, µs',
    'during the flood, µs',
  ]
  const lines = rows.map((row) => [
    row.target,
    ...[row.tokens, row.reads, row.limiterCalls, row.refused].map((count) => count.toLocaleString('en')),
    row.usPerToken.toFixed(1),
    (row.heapBytes / row.tokens).toFixed(1),
    toText(row.quiet),
    toText(row.during),
  ])
  return [
    conditions({ at, machine }),
    'Times of requests are the median, and the 99th percentile.',
    table(head, lines),
  ].join('\n\n')
}
