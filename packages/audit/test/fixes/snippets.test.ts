import { describe, expect, test } from 'vitest'
import { checks } from '../../src/checks/index.ts'
import { FRAMEWORKS, SNIPPETS } from '../../src/checks/lib/snippets.ts'

describe('fixes', () => {
  test('every table belongs to a check, and has every framework', () => {
    for (const [id, snippets] of Object.entries(SNIPPETS)) {
      expect(checks.map((check) => check.id)).toContain(id)
      expect(Object.keys(snippets)).toEqual([...FRAMEWORKS])
      expect(Object.values(snippets).every((code) => code.trim() !== '')).toBe(true)
    }
  })

  test('checks carry them, once each, and keep what they say of others', () => {
    const snippets = checks.find(({ id }) => id === 'fixation')?.fix.snippets ?? {}
    expect(Object.keys(snippets).slice(0, 8)).toEqual([...FRAMEWORKS])
    expect(Object.keys(snippets)).toContain('Flask')
    expect(Object.keys(snippets)).not.toContain('express-session')
    expect(Object.keys(snippets)).not.toContain('Spring Security')
  })

  test('every check says how to mend what it finds', () => {
    for (const { fix } of checks) expect(fix.text.length).toBeGreaterThan(20)
  })
})
