import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** Each with the global types of its runtime, which do not go together in one program. */
describe.skipIf(!hasRuntimes)('clients that applications have fit the stores by their own types', () => {
  test.each(['workers', 'sqlite'])('%s', { timeout: 120_000 }, (name) => {
    const project = `packages/sojourn/test-d/runtimes/tsconfig.${name}.json`
    const { stdout, status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', project], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
})
