/**
 * `npm run anomaly`: what `sojourn/guards/anomaly` sees of simulated attacks, and how often it is wrong about honest users. With the
 * word `seen`, on the half of the histories that was used while the guard was made.
 */
import { runProgram } from './run-program.mjs'

await runProgram('packages/sojourn/test/guards/anomaly/main.ts')
