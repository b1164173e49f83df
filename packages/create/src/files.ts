import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FRAMEWORKS, type Language, type Project } from './catalogue.ts'
import { installScriptsOf } from './install-scripts.ts'
import { dependenciesOf, enginesOf, manifestOf } from './manifest.ts'
import type { PackageManager } from './package-manager.ts'
import { readmeOf } from './readme.ts'
import { type Demo, settingsOf } from './settings.ts'

/** The TypeScript as it is written, and the JavaScript that the build makes of it. */
const TEMPLATES: Record<Language, string> = {
  ts: fileURLToPath(new URL('../template', import.meta.url)),
  js: fileURLToPath(new URL('../template-javascript', import.meta.url)),
}

const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
}

/** Where the application will run, and who starts it. */
export interface Surroundings {
  /** The version of Node. */
  readonly node: string
  readonly manager: PackageManager
  /** Whether a folder above is a workspace of pnpm. */
  readonly isInWorkspace: boolean
  readonly demo: Demo
  /** Tells this application from others of the same name on one Redis or database: a few letters and digits. */
  readonly mark: string
}

/** Every file of an application, by its path. */
export function filesOf(project: Project, surroundings: Surroundings): ReadonlyMap<string, string> {
  const { manager, demo, mark } = surroundings
  const { name, framework, store, language } = project
  const parts = ['common', ...FRAMEWORKS[framework].parts, `frameworks/${framework}`, `stores/${store}`]
  return new Map([
    ['package.json', manifestOf(project, surroundings)],
    ...pnpmSettingsOf(project, surroundings),
    ...(language === 'ts' ? [['tsconfig.json', `${JSON.stringify(TSCONFIG, null, 2)}\n`] as const] : []),
    ['.env', settingsOf(project, demo)],
    ['.env.example', settingsOf(project, { ...demo, password: '' })],
    ['.gitignore', ignoredBy(project, manager)],
    ['README.md', readmeOf(project, surroundings)],
    ...parts.flatMap((part) =>
      sourcesIn(`${TEMPLATES[language]}/${part}`, `${name.slice(0, 30)}-${mark}`, enginesOf(project, surroundings)),
    ),
  ])
}

function ignoredBy({ language }: Project, manager: PackageManager): string {
  const lines = ['node_modules/', language === 'ts' && 'dist/', 'data/', '.env', manager === 'yarn' && '.yarn/\n.pnp.*']
  return `${lines.filter((line) => line !== false).join('\n')}\n`
}

/** pnpm refuses to install until this file says which install scripts may run. In a workspace, the workspace says it. */
function pnpmSettingsOf(project: Project, { node, manager, isInWorkspace }: Surroundings): [string, string][] {
  const scripts = Object.entries(installScriptsOf(dependenciesOf(project, node)))
  if (manager !== 'pnpm' || isInWorkspace || scripts.length === 0) return []
  return [['pnpm-workspace.yaml', `allowBuilds:\n${scripts.map(([name, runs]) => `  ${name}: ${runs}\n`).join('')}`]]
}

/** The template is an application named `my-app`. */
function sourcesIn(folder: string, name: string, node: string): (readonly [path: string, text: string])[] {
  return readdirSync(folder).map((file) => {
    const text = readFileSync(`${folder}/${file}`, 'utf8')
    return [
      `src/${file}`,
      text
        .replaceAll("'my-app:'", `'${name}:'`)
        .replaceAll("'20.19'", `'${node}'`)
        .replaceAll("'my_app_sessions'", `'${tableOf(name)}'`),
    ]
  })
}

/** At most 48 letters, digits and underscores that do not begin with a digit. */
function tableOf(name: string): string {
  const words = name.replace(/[^a-z0-9]+/g, '_')
  return `${words.replace(/^(?=\d)/, 'app_').slice(0, 39)}_sessions`
}
