import { afterAll, expect, test } from 'vitest'
import { buildProgram, outputOf, programOf, removePrograms } from '../support/runtime.ts'

afterAll(removePrograms)

test.each(['node', 'bun', 'deno'] as const)('sealed sessions on %s', { timeout: 60_000 }, async (runtime) => {
  const program = await buildProgram(new URL('./runtimes/program.ts', import.meta.url))
  const args = runtime === 'deno' ? ['run', '--allow-all', program] : [program]
  const output = await outputOf(programOf(runtime), args)
  expect(JSON.parse(output)).toEqual([2, ['ada', 2000, null], [null, 0, 'forged']])
})
