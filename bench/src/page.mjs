/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/**
 * When and on what.
 *
 * @param {Pick<import('./results.mjs').Results, 'at' | 'machine'>} run
 * @param {string} [how]
 */
export function conditions({ at, machine }, how = '') {
  const { cores, cpu, memoryMb, system, node } = machine
  return [
    `Measured ${at.slice(0, 10)} at commit ${machine.commit}${machine.changed ? ' with changes' : ''}${how},`,
    `on ${cores} × ${cpu}, ${memoryMb} MB, ${system}, Node ${node}.`,
  ].join('\n')
}
