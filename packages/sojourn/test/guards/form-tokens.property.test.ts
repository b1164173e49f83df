import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openShop } from './shop.ts'

test('no text but a token of this session is accepted, in the field or in the header', async () => {
  const { browser } = openShop()
  await browser.login()
  const token = await browser.page()
  const other = await browser.page()
  const near = fc
    .tuple(fc.nat({ max: token.length - 1 }), fc.constantFrom(...'AQgwaz09-_!='))
    .map(([at, character]) => token.slice(0, at) + character + token.slice(at + 1))
  const spliced = fc.nat({ max: token.length }).map((at) => token.slice(0, at) + other.slice(at))
  const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.base64String(), near, spliced)
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const isToken = text === token || text === other
      expect((await browser.submit(text)) === 'accepted').toBe(isToken)
      expect((await browser.script(text)) === 'accepted').toBe(isToken)
    }),
    { numRuns: 300 },
  )
})

test('no body makes the check throw anything but its refusal', async () => {
  const { browser } = openShop()
  await browser.login()
  await fc.assert(
    fc.asyncProperty(fc.anything({ withNullPrototype: true }), async (body) => {
      const fields = typeof body === 'object' && body !== null ? Object.assign(body, { _csrf: [body] }) : body
      expect(await browser.submit(null, {}, fields ?? null)).toBe('form-token-missing')
    }),
    { numRuns: 200 },
  )
})
