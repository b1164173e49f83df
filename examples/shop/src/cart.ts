import type { Catalogue } from './catalogue.ts'
import type { Product } from './products.ts'

/** The cart in the session: the number of each product, by slug. */
export type Cart = Record<string, number>

export interface Line {
  readonly product: Product
  readonly quantity: number
  readonly cents: number
}

const MOST = 99

/** A new cart with `by` more (or fewer) of one product; none left means it is gone. */
export function changed(cart: Cart, slug: string, by: number): Cart {
  const { [slug]: before = 0, ...others } = cart
  const quantity = Math.min(before + by, MOST)
  return quantity > 0 ? { ...others, [slug]: quantity } : others
}

/** Returns the cart without the lines that were bought. */
export function without(cart: Cart, bought: readonly Line[]): Cart {
  return bought.reduce((left, { product, quantity }) => changed(left, product.slug, -quantity), cart)
}

/** Products we no longer sell drop out here. */
export function linesOf(cart: Cart, catalogue: Catalogue): Line[] {
  return catalogue.products.flatMap((product) => {
    const quantity = cart[product.slug] ?? 0
    return quantity > 0 ? [{ product, quantity, cents: quantity * product.priceCents }] : []
  })
}

export function totalCents(lines: readonly { readonly cents: number }[]): number {
  return lines.reduce((sum, line) => sum + line.cents, 0)
}

export function quantityOf(lines: readonly { readonly quantity: number }[]): number {
  return lines.reduce((sum, line) => sum + line.quantity, 0)
}
