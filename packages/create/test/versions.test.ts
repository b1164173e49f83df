import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VERSIONS } from '../src/catalogue.ts'
import { root } from './support.ts'

interface Manifest {
  readonly version: string
  readonly devDependencies: Readonly<Record<string, string>>
}
const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))

test('an application gets the versions that are tested here', () => {
  const { devDependencies } = manifestOf('.')
  for (const [name, version] of Object.entries(VERSIONS)) {
    // Not installed here: Node 24 has SQLite. The check of releases installs it.
    if (name === 'better-sqlite3') continue
    expect([name, version]).toEqual([
      name,
      name === 'sojourn' ? manifestOf('packages/sojourn').version : devDependencies[name],
    ])
  }
})
