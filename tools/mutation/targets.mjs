/**
 * The targets that can be mutated by name, and the tests that must detect the mutants. They start no server, browser or
 * application, because each mutant waits for all of them.
 * @typedef {{ mutate: readonly string[], tests: readonly string[], least: number }} Target `least`: the score under which the run fails, percent.
 */

const src = 'packages/sojourn/src'
const test = 'packages/sojourn/test'

/** @type {Readonly<Record<string, Target>>} */
export const TARGETS = {
  core: { mutate: [`${src}/core/**/*.ts`], tests: [`${test}/core/**/*.test.ts`], least: 90 },
  carriers: { mutate: [`${src}/carriers/*.ts`], tests: [`${test}/carriers/*.test.ts`], least: 95 },
  guards: { mutate: [`${src}/guards/*.ts`], tests: [`${test}/guards/*.test.ts`], least: 95 },
  adapters: { mutate: [`${src}/adapters/*.ts`], tests: [`${test}/adapters/**/*.test.ts`], least: 90 },
  stores: {
    mutate: [
      `${src}/stores/*.ts`,
      `${src}/stores/{around,kit,sql}/**/*.ts`,
      // Its tests start servers.
      `!${src}/stores/kit/kept.ts`,
      `!${src}/stores/{cloudflare,connect,dynamodb,lmdb,mysql,postgres,redis,sqlite,url}.ts`,
    ],
    tests: [
      `${test}/stores/{memory,near-cache,write-behind,resilient,migrate,moving-store,wrappers,sql-,sqlite,parts,stack,kit,outage,quiet-cause}*.test.ts`,
      `${test}/stores/wrappers/**/*.test.ts`,
      `!${test}/stores/*.processes.test.ts`,
    ],
    least: 85,
  },
  audit: {
    mutate: [
      'packages/audit/src/judge/cookie/{attributes,set-cookie}.ts',
      'packages/audit/src/judge/jwt.ts',
      'packages/audit/src/http/masking.ts',
    ],
    tests: ['packages/audit/test/{cookie,jwt}/*.test.ts', 'packages/audit/test/http/secrets.test.ts'],
    least: 90,
  },
  'audit-tokens': {
    mutate: ['packages/audit/src/judge/tokens/**/*.ts'],
    tests: ['packages/audit/test/tokens/*.test.ts'],
    least: 50,
  },
}

/** The target of this run. Stryker and Vitest load their configuration by themselves, so it comes by the environment. */
export function currentTarget() {
  const target = TARGETS[process.env.MUTATION_TARGET ?? 'core']
  if (target === undefined)
    throw new Error(`There is no target of that name. Targets: ${Object.keys(TARGETS).join(', ')}.`)
  return target
}
