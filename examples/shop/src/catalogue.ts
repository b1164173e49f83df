import { type Product, products } from './products.ts'

export interface Category {
  readonly slug: string
  readonly name: string
  readonly line: string
}

const categories: readonly Category[] = [
  { slug: 'carry', name: 'Carry', line: 'Bags that know when to stop.' },
  { slug: 'rest', name: 'Rest', line: 'For nights in between.' },
  { slug: 'table', name: 'Table', line: 'Lunch, wherever it finds you.' },
  { slug: 'paper', name: 'Paper', line: 'To find the way, and to tell of it.' },
]

export interface Catalogue {
  readonly products: readonly Product[]
  readonly categories: readonly Category[]
  product(slug: string): Product | null
  category(slug: string): Category | null
}

export function createCatalogue(): Catalogue {
  return {
    products,
    categories,
    product: (slug) => products.find((product) => product.slug === slug) ?? null,
    category: (slug) => categories.find((category) => category.slug === slug) ?? null,
  }
}
