import { FRAMEWORKS, type Language, type PackageName, type Project, STORES, VERSIONS } from './catalogue.ts'
import { installScriptsOf } from './install-scripts.ts'
import type { PackageManager } from './package-manager.ts'

const SCRIPTS = {
  ts: { start: 'tsc && node dist/main.js', test: 'tsc && node --test dist/app.test.js' },
  js: { start: 'node src/main.js', test: 'node --test src/app.test.js' },
}

/** Whether this Node runs the sources as they are: TypeScript since 22.18. Then the script `dev` can watch them. */
export function runsSources(language: Language, node: string): boolean {
  return language === 'js' || isAtLeast(node, 22, 18)
}

/** What the application imports. Before Node 22.13, SQLite comes from a package. */
export function dependenciesOf({ framework, store }: Project, node: string): readonly PackageName[] {
  const driver: readonly PackageName[] = store === 'sqlite' && !hasSqlite(node) ? ['better-sqlite3'] : []
  return ['sojourn', 'valibot', ...driver, ...FRAMEWORKS[framework].dependencies, ...STORES[store].dependencies]
}

/** The oldest Node that runs the application. */
export function enginesOf({ store }: Project, { node }: Pick<Runtime, 'node'>): string {
  return store === 'sqlite' && hasSqlite(node) ? '22.13' : '20.19'
}

/** What runs and installs the application. */
interface Runtime {
  /** The version of Node. */
  readonly node: string
  readonly manager: PackageManager
}

export function manifestOf(project: Project, { node, manager }: Runtime): string {
  const { name, framework, store, language } = project
  const choices = [FRAMEWORKS[framework], STORES[store]]
  const dependencies = dependenciesOf(project, node)
  const types = choices.flatMap((choice) => choice.types)
  const manifest = {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: `>=${enginesOf(project, { node })}` },
    scripts: {
      ...SCRIPTS[language],
      ...(runsSources(language, node) && { dev: `node --watch src/main.${language}` }),
    },
    dependencies: ranges(dependencies),
    ...(language === 'ts' && { devDependencies: ranges(['typescript', '@types/node', ...types]) }),
    ...scriptsFor(manager, installScriptsOf(dependencies)),
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** What npm, yarn and bun read; pnpm has a file of its own. */
function scriptsFor(manager: PackageManager, scripts: Readonly<Record<string, boolean>>): object {
  const needed = Object.keys(scripts).filter((name) => scripts[name])
  if (manager === 'npm' && Object.keys(scripts).length > 0) return { allowScripts: scripts }
  if (needed.length === 0) return {}
  if (manager === 'bun') return { trustedDependencies: needed }
  if (manager !== 'yarn') return {}
  return { dependenciesMeta: Object.fromEntries(needed.map((name) => [name, { built: true }])) }
}

/** Whether this Node has SQLite built in, without a flag. */
function hasSqlite(node: string): boolean {
  return isAtLeast(node, 22, 13)
}

function isAtLeast(node: string, wantedMajor: number, wantedMinor: number): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

function ranges(names: readonly PackageName[]): Record<string, string> {
  return Object.fromEntries([...names].sort().map((name) => [name, `^${VERSIONS[name]}`]))
}
