import { scenarios } from './scenarios.ts'
import { suffer } from './suffer.ts'

/** The long run, for `npm run faults`: one line of JSON an outcome. With a word: the scenarios that have it in their names. */
const PACE = { clients: 200, pauseMs: 50, warmRequests: 5_000, calmMs: 3_000, patienceMs: 60_000, lastingMs: 60_000 }

const [only = ''] = process.argv.slice(2)
const chosen = scenarios.filter(({ store, fault }) => `${store} ${fault}`.includes(only))

for (const scenario of chosen) {
  const seed = Date.now() % 1_000_000
  const outcome = await suffer(scenario, { ...PACE, seed })
  console.log(JSON.stringify({ ...outcome, seed }))
}
// Clients that a driver forgot to let go of must not keep it going.
process.exit()
