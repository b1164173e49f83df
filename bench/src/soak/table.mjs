import { conditions, table } from '../page.mjs'
import { isFlat } from './measure.mjs'

/**
 * @typedef {object} Soak
 * @property {string} at
 * @property {ReturnType<typeof import('../machine.mjs').describeMachine>} machine
 * @property {number} minutes
 * @property {import('./measure.mjs').Soaked[]} rows
 */

/** @param {number} bytes */
const toMb = (bytes) => (bytes / 1e6).toFixed(2)

/** @param {Soak} soak */
export function renderSoak({ at, machine, minutes, rows }) {
  const head = ['what', 'sessions that came and went', 'rounds', 'heap, first round, MB', 'last', 'B/session', 'kept']
  const lines = rows.map((row) => [
    row.target,
    row.sessions.toLocaleString('en'),
    String(row.rounds),
    toMb(row.firstHeap),
    toMb(row.lastHeap),
    row.slope.toFixed(1),
    isFlat(row) ? 'nothing' : '**grows**',
  ])
  const total = rows.reduce((sum, { sessions }) => sum + sessions, 0)
  return [
    conditions({ at, machine }),
    `${total.toLocaleString('en')} sessions in ${minutes.toFixed(0)} minutes.`,
    table(head, lines),
  ].join('\n\n')
}
