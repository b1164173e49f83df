import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import {
  FRAMEWORKS,
  type FrameworkName,
  filesOf,
  LANGUAGES,
  type Language,
  type Project,
  STORES,
  type StoreName,
  writeFiles,
} from '../src/index.ts'

export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

export const DEMO = { user: 'ada', password: 'only-for-tests' }

/** A folder for applications, which share the packages of this repository. It is gone when the tests of the file are done. */
export function folderOfApplications(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-create-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function createIn(folder: string, project: Project): string {
  const home = join(folder, project.name)
  mkdirSync(home)
  writeFiles(home, filesOf(project, { node: '24.0.0', manager: 'npm', isInWorkspace: false, demo: DEMO, mark: '3f9a' }))
  return home
}

const keysOf = <Key extends string>(choices: Readonly<Record<Key, unknown>>): Key[] => Object.keys(choices) as Key[]

/** Every combination. */
export const PROJECTS: readonly Project[] = keysOf<FrameworkName>(FRAMEWORKS).flatMap((framework) =>
  keysOf<StoreName>(STORES).flatMap((store) =>
    keysOf<Language>(LANGUAGES).map((language) => ({
      name: `${framework}-${store}-${language}`,
      framework,
      store,
      language,
    })),
  ),
)
