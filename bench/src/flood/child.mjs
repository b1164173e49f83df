import { flood } from './measure.mjs'
import { targets } from './targets.mjs'

/** One target in a process that does nothing else. Prints what came of it, as JSON. */
const [name = '', tokens = '0'] = process.argv.slice(2)
const target = targets[name]
if (target === undefined) throw new Error(`No target '${name}'.`)
console.log(JSON.stringify(await flood(name, target, Number(tokens))))
