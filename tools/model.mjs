/**
 * `npm run model`: the token protocol, explored state by state. Words choose graphs: a property (`S3`), a variant (`thief`), or a
 * part of a name. `MODEL_MINUTES` is the cap of each.
 */
import { runProgram } from './run-program.mjs'

await runProgram('packages/sojourn/test/model/main.ts')
