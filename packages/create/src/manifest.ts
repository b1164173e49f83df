import { FRAMEWORKS, type PackageName, type Project, STORES, VERSIONS } from './catalogue.ts'

const SCRIPTS = {
  ts: { start: 'tsc && node dist/main.js', test: 'tsc && node --test dist/app.test.js' },
  js: { start: 'node src/main.js', dev: 'node --watch src/main.js', test: 'node --test src/app.test.js' },
}

/** @param node the version of Node that the application is made for */
export function manifestOf({ name, framework, store, language }: Project, node: string): string {
  const choices = [FRAMEWORKS[framework], STORES[store]]
  const driver: readonly PackageName[] = store === 'sqlite' && !hasSqlite(node) ? ['better-sqlite3'] : []
  const types = choices.flatMap((choice) => choice.types)
  const manifest = {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: store === 'sqlite' && hasSqlite(node) ? '>=22.13' : '>=20.19' },
    scripts: SCRIPTS[language],
    dependencies: ranges(['sojourn', ...driver, ...choices.flatMap((choice) => choice.dependencies)]),
    ...(language === 'ts' && { devDependencies: ranges(['typescript', '@types/node', ...types]) }),
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** Whether this Node has SQLite built in, without a flag. */
function hasSqlite(node: string): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 13)
}

function ranges(names: readonly PackageName[]): Record<string, string> {
  return Object.fromEntries([...names].sort().map((name) => [name, `^${VERSIONS[name]}`]))
}
