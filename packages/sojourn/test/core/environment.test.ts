import { afterEach, describe, expect, test, vi } from 'vitest'
import { isProduction } from '../../src/core/lib/runtime.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

describe('isProduction', () => {
  test.each([
    ['production', true],
    ['development', false],
    ['test', false],
    [undefined, false],
  ])('NODE_ENV %s: %s', (env, expected) => {
    vi.stubEnv('NODE_ENV', env)
    expect(isProduction()).toBe(expected)
  })

  test('a runtime that has no environment, or will not show it, counts as production', () => {
    vi.stubGlobal('process', undefined)
    expect(isProduction()).toBe(true)
    vi.stubGlobal('process', {})
    expect(isProduction()).toBe(true)
    vi.stubGlobal('process', {
      get env() {
        throw new Error('NotCapable: Requires env access to "NODE_ENV"')
      },
    })
    expect(isProduction()).toBe(true)
  })
})
