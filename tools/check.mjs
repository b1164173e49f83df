/** Every check that needs no test runner. All of them run, whatever the ones before said. */
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { checkAttacks } from './checks/attacks.mjs'
import { checkConformance } from './checks/conformance.mjs'
import { checkDependencies } from './checks/dependencies.mjs'
import { checkDocs } from './checks/docs.mjs'
import { checkExports } from './checks/exports.mjs'
import { checkImportRule } from './checks/import-rule.mjs'
import { checkPacked } from './checks/packed.mjs'
import { checkShape } from './checks/shape.mjs'
import { checkSize } from './checks/size.mjs'
import { checkWalk } from './checks/walk.mjs'
import { checkPeers } from './peers.mjs'
import { runNode } from './run.mjs'

/** @typedef {{ title: string, fix: string, needsBuild?: true, run: () => string[] | Promise<string[]> }} Step */

/**
 * A tool that prints its own findings.
 * @param {string} script
 * @param {...string} args
 */
const tool =
  (script, ...args) =>
  () =>
    runNode(`node_modules/${script}`, args) === 0 ? [] : ['see above']

/** @type {Step} */
const BUILD = {
  title: 'build',
  fix: 'Correct the type errors, then: npm run build',
  run: () => (build() === 0 ? [] : ['see above']),
}

/** @type {readonly Step[]} */
const STEPS = [
  {
    title: 'types of tests, type tests, tools, examples and benchmarks',
    needsBuild: true,
    fix: 'Correct the type errors. In a type test, an unused @ts-expect-error means that a wrong use compiles now.',
    // Three are compiled separately, because they declare types for all files of a program: the auditor's tests and one
    // type test use the types of express-session, and another type test declares the data of sessions.
    run: tool(
      'typescript/bin/tsc',
      '--build',
      'tsconfig.json',
      'packages/audit/test',
      'packages/sojourn/test-d/declared',
      'packages/sojourn/test/adapters/next-app',
      'packages/sojourn/test/adapters/next-guide',
      'packages/sojourn/test-d/express-session',
    ),
  },
  {
    title: 'core and the portable parts, compiled without Node’s types',
    needsBuild: true,
    fix: 'Use what every runtime has (Web Crypto, Uint8Array, TextEncoder); what Node alone has goes behind #crypto.',
    run: tool('typescript/bin/tsc', '--project', 'packages/sojourn/tsconfig.portable.json'),
  },
  {
    title: 'format and lint',
    fix: 'Most of it is corrected by: npm run format',
    run: tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
  },
  {
    title: 'dependencies are pinned, the lock file is whole',
    fix: 'Write exact versions; run npm install; run node tools/complete-lock.mjs; commit package-lock.json.',
    run: checkDependencies,
  },
  {
    title: 'peers: what is allowed is what is tested, and what the documents show',
    fix: 'Bring packages/sojourn/package.json, tools/peers and the documents in line (tools/peers.mjs).',
    run: checkPeers,
  },
  {
    title: 'import rule',
    fix: 'Move the code to the layer that may import it, or take what it needs as a parameter (tools/checks/import-rule.mjs).',
    run: checkImportRule,
  },
  {
    title: 'no circle of imports, and rooms in one direction',
    fix: 'Move what both files need into a file below them, or take it as a parameter (the table of rooms: tools/checks/shape.mjs).',
    run: checkShape,
  },
  {
    title: 'package exports are what is built',
    needsBuild: true,
    fix: 'Put the subpath into "exports" of the package.json, or remove the file.',
    run: checkExports,
  },
  {
    title: 'packages as published: their files, publint, are-the-types-wrong, import and require of every entry',
    needsBuild: true,
    fix: 'Look at "exports", "files" and "types" in the package.json, and at tools/checks/contents.mjs. require() fails on a module with top-level await.',
    run: checkPacked,
  },
  {
    title: 'bundle size',
    needsBuild: true,
    fix: 'Find what grew with: npx esbuild packages/sojourn/dist/core/create-sessions.js --bundle --minify --analyze --platform=node --outfile=/dev/null',
    run: checkSize,
  },
  {
    title: 'files that a request enters',
    needsBuild: true,
    fix: 'Bring the list in CONTRIBUTING.md in line with: node tools/walk.mjs',
    run: checkWalk,
  },
  {
    title: 'documents',
    needsBuild: true,
    fix: 'Bring the document in line with packages/sojourn/src/core/contracts/errors.ts, or correct the link.',
    run: checkDocs,
  },
  {
    title: 'conformance: every requirement has a row, and every test that a row names is there',
    fix: 'Correct the row in docs/conformance, or the title of the test. Then: node tools/conformance.mjs',
    run: checkConformance,
  },
  {
    title: 'attacks: every attack of SECURITY.md names a test, and the test is there',
    fix: 'Write the test that performs the attack against a running server, and name it in SECURITY.md.',
    run: checkAttacks,
  },
  {
    title: 'documentation site: it builds, every link leads somewhere, no page is empty',
    needsBuild: true,
    fix: 'Correct the document that is named (the page of a document: tools/docs/pages.mjs). Look at it with: npm run docs -- --open 4173',
    run: async () => (await import('./docs.mjs')).buildSite(),
  },
]

/** @param {Step} step */
async function problemsOf({ run }) {
  try {
    return await run()
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}

/** @param {Step} step */
async function passes(step) {
  const began = performance.now()
  console.log(`\n· ${step.title}`)
  const problems = await problemsOf(step)
  for (const problem of problems) console.log(`  ✗ ${problem}`)
  if (problems.length > 0) console.log(`  What to do: ${step.fix}`)
  else console.log(`  ok (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  return problems.length === 0
}

/** @returns {Promise<string[]>} the titles of the checks that failed */
export async function check() {
  const built = await passes(BUILD)
  const failed = built ? [] : [BUILD.title]
  for (const step of STEPS) {
    if (step.needsBuild && !built) console.log(`\n· ${step.title}\n  not run, for the build failed`)
    else if (!(await passes(step))) failed.push(step.title)
  }
  return failed
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const failed = await check()
  console.log(failed.length === 0 ? '\nEvery check passed.' : `\nFailed: ${failed.join('; ')}.`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
