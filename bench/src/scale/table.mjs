import { conditions, table } from '../page.mjs'

/**
 * @typedef {object} Scale
 * @property {string} at
 * @property {ReturnType<typeof import('../machine.mjs').describeMachine>} machine
 * @property {import('./measure.mjs').Row[]} rows
 * @property {Peer[]} peers
 *
 * @typedef {{ name: string, total: number, perSession: number }} Peer Bytes.
 */

/** @param {import('./measure.mjs').Times} times ms */
function show({ median, p99 }) {
  return `${median.toFixed(3)} (${p99.toFixed(2)})`
}

/** @param {Scale} scale */
export function renderScale({ at, machine, rows, peers }) {
  const head = ['store', 'sessions', 'list a user', 'end a user', 'read', 'read during sweep', 'swept', 'B/session']
  const lines = rows.map((row) => [
    row.store,
    row.total.toLocaleString('en'),
    show(row.list),
    show(row.end),
    show(row.read),
    show(row.readDuring),
    `${row.expired.toLocaleString('en')} ${row.sweepMs === null ? 'by the server' : `in ${(row.sweepMs / 1000).toFixed(1)} s`}`,
    row.perSession.toFixed(0),
  ])
  const peerLines = peers.map(({ name, total, perSession }) => [
    name,
    total.toLocaleString('en'),
    perSession.toFixed(0),
  ])
  return [
    conditions({ at, machine }),
    'Times are the median in ms, and the 99th percentile. A user who is listed or ended has ten sessions, whatever the total.',
    table(head, lines),
    'The same content in the stores of other libraries, which keep no list of a user’s sessions:',
    table(['store', 'sessions', 'B/session'], peerLines),
  ].join('\n\n')
}
