import { expect, test } from 'vitest'
import { ATTACKS } from '../attacks/attacks.mjs'
import { applications, attackAll, shownTable, toTable } from '../attacks/run.mjs'

test('the table of attacks is what they do, and only a copied cookie works on Sojourn', {
  timeout: 300_000,
}, async () => {
  const results = await attackAll()
  expect(await toTable(results)).toBe(shownTable())
  const [first] = await applications()
  expect(first?.library).toBe('sojourn')
  expect(ATTACKS.filter(({ name }) => results[name]?.[0] !== false).map(({ name }) => name)).toEqual(['copy'])
})

test('each attack works on some application, so that it can be seen to fail', async () => {
  const works = (name: string) =>
    shownTable()
      .split('\n')
      .find((line) => line.includes(name))
      ?.includes('**works**')
  const never = ATTACKS.filter(({ title }) => works(title) !== true).map(({ name }) => name)
  expect(never).toEqual(['guess', 'stolen-store', 'malformed'])
})
