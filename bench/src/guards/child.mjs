import { targets } from './targets.mjs'
import { createVisits } from './visits.mjs'

/** One target in a process that does nothing else: `node guards/child.mjs <name> <sessions>`, answering over IPC. */
const [name = '', count = '0'] = process.argv.slice(2)
const target = targets[name]
if (target === undefined) throw new Error(`No target '${name}'.`)
const visits = await createVisits(target, Number(count))

process.once('disconnect', () => process.exit())
process.on('message', async (/** @type {{ scenario: import('../settings.mjs').Scenario, requests: number }} */ job) => {
  const before = process.cpuUsage()
  await visits.run(job.scenario, job.requests)
  const { user, system } = process.cpuUsage(before)
  process.send?.(user + system)
})
process.send?.('ready')
