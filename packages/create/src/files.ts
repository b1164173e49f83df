import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FRAMEWORKS, type Language, type Project } from './catalogue.ts'
import { manifestOf } from './manifest.ts'
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
  readonly demo: Demo
}

/** Every file of an application, by its path. */
export function filesOf(project: Project, { node, manager, demo }: Surroundings): ReadonlyMap<string, string> {
  const { framework, store, language } = project
  const parts = ['common', ...FRAMEWORKS[framework].parts, `frameworks/${framework}`, `stores/${store}`]
  return new Map([
    ['package.json', manifestOf(project, node)],
    ...(language === 'ts' ? [['tsconfig.json', `${JSON.stringify(TSCONFIG, null, 2)}\n`] as const] : []),
    ['.env', settingsOf(project, demo)],
    ['.env.example', settingsOf(project, { ...demo, password: '' })],
    ['.gitignore', `node_modules/\n${language === 'ts' ? 'dist/\n' : ''}data/\n.env\n`],
    ['README.md', readmeOf(project, manager)],
    ...parts.flatMap((part) => sourcesIn(`${TEMPLATES[language]}/${part}`)),
  ])
}

function sourcesIn(folder: string): (readonly [path: string, text: string])[] {
  return readdirSync(folder).map((file) => [`src/${file}`, readFileSync(`${folder}/${file}`, 'utf8')])
}
