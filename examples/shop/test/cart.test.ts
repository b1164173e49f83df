import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Cart, changed, linesOf, quantityOf, totalCents, without } from '../src/cart.ts'
import { createCatalogue } from '../src/catalogue.ts'

const catalogue = createCatalogue()
const slug = fc.constantFrom(...catalogue.products.map((product) => product.slug))
const steps = fc.array(fc.tuple(slug, fc.integer({ min: -3, max: 3 })), { maxLength: 40 })
const walk = (taken: [string, number][]): Cart => taken.reduce<Cart>((cart, [of, by]) => changed(cart, of, by), {})

test('whatever is added and taken away, a cart holds only whole things, and no more than 99 of each', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      for (const quantity of Object.values(walk(taken))) {
        expect(Number.isInteger(quantity) && quantity >= 1 && quantity <= 99).toBe(true)
      }
    }),
  )
})

test('the lines of a cart hold what is in it, and taking them out leaves nothing', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const cart = walk(taken)
      const lines = linesOf(cart, catalogue)
      expect(quantityOf(lines)).toBe(Object.values(cart).reduce((sum, quantity) => sum + quantity, 0))
      expect(without(cart, lines)).toEqual({})
    }),
  )
})

test('buying leaves what was added meanwhile', () => {
  const bought = linesOf({ 'enamel-cup': 2 }, catalogue)
  expect(without({ 'enamel-cup': 3, 'linen-map': 1 }, bought)).toEqual({ 'enamel-cup': 1, 'linen-map': 1 })
})

test('a thing that is no longer sold is neither shown nor charged', () => {
  const lines = linesOf({ 'enamel-cup': 2, 'flying-carpet': 1 }, catalogue)
  expect(lines.map(({ product }) => product.slug)).toEqual(['enamel-cup'])
  expect(totalCents(lines)).toBe(2400)
})
