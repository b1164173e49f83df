import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { hasAbove } from '../src/folder.ts'
import { filesOf, type StoreName, type Surroundings } from '../src/index.ts'
import { DEMO } from './support.ts'

const home = mkdtempSync(join(tmpdir(), 'sojourn-create-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

function filesWith(store: StoreName, surroundings: Partial<Surroundings>) {
  const project = { name: 'app', framework: 'node', store, language: 'js' } as const
  return filesOf(project, {
    node: '20.19.0',
    manager: 'npm',
    isInWorkspace: false,
    demo: DEMO,
    mark: '3f9a',
    ...surroundings,
  })
}
const manifestWith = (store: StoreName, surroundings: Partial<Surroundings>) =>
  JSON.parse(filesWith(store, surroundings).get('package.json') ?? '')

describe('an application says which install scripts may run', () => {
  test('pnpm would refuse to install otherwise', () => {
    const settings = (store: StoreName) => filesWith(store, { manager: 'pnpm' }).get('pnpm-workspace.yaml')
    expect(settings('lmdb')).toBe('allowBuilds:\n  lmdb: false\n  msgpackr-extract: false\n')
    expect(settings('sqlite')).toBe('allowBuilds:\n  better-sqlite3: true\n')
    expect(settings('memory')).toBeUndefined()
  })

  test('npm would warn, or leave better-sqlite3 without its binary', () => {
    expect(manifestWith('lmdb', {}).allowScripts).toEqual({ lmdb: false, 'msgpackr-extract': false })
    expect(manifestWith('sqlite', {}).allowScripts).toEqual({ 'better-sqlite3': true })
    expect(manifestWith('sqlite', { node: '24.0.0' })).not.toHaveProperty('allowScripts')
  })

  test('yarn 4 runs none that is not named', () => {
    expect(manifestWith('sqlite', { manager: 'yarn' }).dependenciesMeta).toEqual({ 'better-sqlite3': { built: true } })
    expect(manifestWith('lmdb', { manager: 'yarn' })).not.toHaveProperty('dependenciesMeta')
  })

  test('bun reads a list', () => {
    expect(manifestWith('sqlite', { manager: 'bun' }).trustedDependencies).toEqual(['better-sqlite3'])
    expect(manifestWith('lmdb', { manager: 'bun' })).not.toHaveProperty('trustedDependencies')
  })

  test('a workspace of pnpm says it for its packages: a file of the application would take it out of the workspace', () => {
    expect(filesWith('lmdb', { manager: 'pnpm', isInWorkspace: true }).has('pnpm-workspace.yaml')).toBe(false)
    mkdirSync(join(home, 'apps'))
    writeFileSync(join(home, 'pnpm-workspace.yaml'), '')
    expect(hasAbove(join(home, 'apps', 'shop'), 'pnpm-workspace.yaml')).toBe(true)
    expect(hasAbove(home, 'pnpm-workspace.yaml')).toBe(false)
  })
})
