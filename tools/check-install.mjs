/**
 * `npm run check:install`: packs the packages, installs them in bare folders beside what applications have, and tries all of it
 * there: every entry, the types, logins; the contracts of stores and adapters on the oldest and the latest peers; and every
 * application that `npm create sojourn` can write. It takes half an hour: run it before a release. To choose a part, add its
 * name, such as `npm run check:install -- pnpm`. `npm test` runs the short form, `node tools/check-install.mjs --short`.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadProblems, STRICT, typeProblems, write } from './checks/consumers.mjs'
import { npm } from './install.mjs'
import { entriesOf, publicPackages } from './packages.mjs'
import { PEERS, peersOf } from './peers.mjs'
import { root, runNode } from './run.mjs'
import { testPeers } from './test-peers.mjs'

/** The version of pnpm that installs. */
const PNPM = '12.21.0'

const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']

/** @typedef {import('./peers.mjs').Age} Age */

/**
 * The tarballs, by package.
 * @param {string} folder
 * @returns {Record<string, string>}
 */
export function packAll(folder) {
  return Object.fromEntries(
    publicPackages().map(({ folder: source, manifest }) => {
      const { stdout, status, stderr } = npm(['pack', source, '--json', '--pack-destination', folder], 'pipe')
      if (status !== 0) throw new Error(`npm pack failed for ${manifest.name}:\n${stderr}`)
      const [{ filename }] = Object.values(JSON.parse(stdout))
      return [manifest.name, `file:${join(folder, filename)}`]
    }),
  )
}

/**
 * Runs npm, and throws what it printed if it fails.
 * @param {string} folder
 * @param {readonly string[]} args
 */
function must(folder, ...args) {
  const { status, stdout, stderr } = npm(args, 'pipe', folder)
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`)
}

/** @type {Record<string, (folder: string, age: Age, tarballs: Record<string, string>) => void>} */
const INSTALLERS = {
  /** From what npm has kept of earlier times, wherever it has it: the peers are those of the lock file. */
  'npm ci'(folder, age, tarballs) {
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
      copyFileSync(join(root, PEERS, age, file), join(folder, file))
    }
    must(folder, 'ci', '--prefer-offline', ...QUIET)
    must(folder, 'install', '--offline', '--strict-peer-deps', ...QUIET, ...Object.values(tarballs))
  },
  npm(folder, age, tarballs) {
    writeManifest(folder, age, tarballs)
    must(folder, 'install', '--strict-peer-deps', ...QUIET)
  },
  pnpm(folder, age, tarballs) {
    writeManifest(folder, age, tarballs)
    writeFileSync(join(folder, 'pnpm-workspace.yaml'), 'strictPeerDependencies: true\n')
    must(folder, 'exec', '--yes', `--package=pnpm@${PNPM}`, '--', 'pnpm', 'install', '--ignore-scripts')
  },
}

/**
 * @param {string} folder
 * @param {Age} age
 * @param {Record<string, string>} tarballs
 */
function writeManifest(folder, age, tarballs) {
  const dependencies = { ...peersOf(age), ...tarballs }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }, null, 2))
}

/**
 * What fails in a folder where everything is installed. The short form leaves out the types of the entries, which `npm run
 * check` compiles.
 * @param {string} folder
 * @param {Age} age
 * @param {boolean} isShort
 */
function problemsIn(folder, age, isShort) {
  const entries = publicPackages().flatMap(entriesOf)
  for (const file of ['login.mjs', 'clients.ts']) copyFileSync(join(root, PEERS, file), join(folder, file))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['login.mjs'], { cwd: folder, encoding: 'utf8' })
  // The drivers' own declarations are theirs to mend.
  const compilerOptions = { ...STRICT, module: 'nodenext', types: ['node'], skipLibCheck: true }
  write(folder, 'tsconfig.json', [JSON.stringify({ compilerOptions, files: ['clients.ts'] })])
  const types = runNode('node_modules/typescript/bin/tsc', ['--project', folder])
  return [
    ...loadProblems(folder, entries),
    // Old declarations do not compile with a new compiler.
    ...(isShort ? [] : typeProblems(folder, entries, { skipLibCheck: age === 'oldest' })),
    ...(status === 0 ? [] : [`logging in fails:\n${stdout}${stderr}`]),
    ...(types === 0 ? [] : ['the clients of the drivers do not fit our types, see above']),
  ]
}

/**
 * @param {string} installer
 * @param {Age} age
 * @param {Record<string, string>} tarballs
 */
function tryOne(installer, age, tarballs, isShort = false) {
  const began = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-install-'))
  try {
    INSTALLERS[installer]?.(folder, age, tarballs)
    const problems = problemsIn(folder, age, isShort)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    if (problems.length === 0) console.log(`  ${installer}, beside the ${age} peers: ok (${seconds} s)`)
    return problems.map((problem) => `${installer}, beside the ${age} peers: ${problem}`)
  } catch (error) {
    return [`${installer}, beside the ${age} peers: ${error instanceof Error ? error.message : String(error)}`]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {Record<string, string>} tarballs
 * @returns {Record<string, () => string[]>}
 */
const partsOf = (tarballs) => ({
  'npm latest': () => tryOne('npm', 'latest', tarballs),
  'npm oldest': () => tryOne('npm', 'oldest', tarballs),
  'pnpm latest': () => tryOne('pnpm', 'latest', tarballs),
  'pnpm oldest': () => tryOne('pnpm', 'oldest', tarballs),
  'tests latest': () => (testPeers('latest') === 0 ? [] : ['tests fail on the latest peers, see above']),
  'tests oldest': () => (testPeers('oldest') === 0 ? [] : ['tests fail on the oldest peers, see above']),
  create: createAll,
})

/**
 * @template Result
 * @param {(tarballs: Record<string, string>) => Result} use
 */
function withTarballs(use) {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-tarballs-'))
  try {
    return use(packAll(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One installation beside the latest peers, from what npm has kept, if it has. */
export const checkInstallShortly = () => withTarballs((tarballs) => tryOne('npm ci', 'latest', tarballs, true))

/** @param {readonly string[]} chosen */
function checkInstall(chosen) {
  return withTarballs((tarballs) =>
    Object.entries(partsOf(tarballs)).flatMap(([name, run]) =>
      chosen.length === 0 || chosen.some((part) => name.includes(part)) ? run() : [],
    ),
  )
}

/** Every application that `npm create sojourn` can write is built, passes its own test, and logs in. */
function createAll() {
  process.env.SOJOURN_CREATE_ALL = '1'
  const tests = ['run', '--project', 'node', 'packages/create/test/applications.test.ts']
  return runNode('node_modules/vitest/vitest.mjs', tests) === 0 ? [] : ['npm create sojourn: tests fail, see above']
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2)
  const problems = args.includes('--short') ? checkInstallShortly() : checkInstall(args)
  for (const problem of problems) console.log(`  ✗ ${problem}`)
  console.log(
    problems.length === 0 ? '\nThe packages install beside everything that was tried.' : '\nFailed, see above.',
  )
  process.exitCode = problems.length === 0 ? 0 : 1
}
