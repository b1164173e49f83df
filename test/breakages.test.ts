import { expect, test } from 'vitest'
import { BREAKAGES } from '../tools/breakages/list.mjs'
import { assertApplies } from '../tools/breakages/plugin.mjs'

test.each(BREAKAGES.map((breakage) => [breakage.name, breakage] as const))(
  'the breakage "%s" still finds the code that it breaks',
  (_, breakage) => {
    expect(() => assertApplies(breakage)).not.toThrow()
  },
)
