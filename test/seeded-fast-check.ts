import fc from '../node_modules/fast-check/lib/fast-check.js'

// vitest.config.ts puts this file in the place of fast-check. `npm test` always tries the same inputs, so that a red test
// belongs to the change under test. `npm run fuzz` draws a new seed.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.FUZZ_SEED ?? 1) })

export { default } from '../node_modules/fast-check/lib/fast-check.js'
