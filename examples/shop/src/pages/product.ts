import type { Category } from '../catalogue.ts'
import type { Product } from '../products.ts'
import { money } from './format.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

export function productPage(product: Product, category: Category, inCart: number): Page {
  const { slug, name, line, story, facts, priceCents } = product
  const body = html`
    <nav class="crumbs" aria-label="Where you are"><a href="/">Wayside</a> / <a href="/shelf/${category.slug}">${category.name}</a></nav>
    <article class="product">
      <img src="/art/${slug}.svg" alt="Drawing: ${name}" width="400" height="400">
      <div class="product-text">
        <h1>${name}</h1>
        <p class="line">${line}</p>
        <p class="tag large">${money(priceCents)}</p>
        <form method="post" action="/cart/${slug}" class="add">
          <input type="hidden" name="by" value="1">
          <button>Add to cart</button>
          ${inCart > 0 && html`<a href="/cart">${inCart} in your cart</a>`}
        </form>
        <p>${story}</p>
        <ul class="facts">${facts.map((fact) => html`<li>${fact}</li>`)}</ul>
      </div>
    </article>`
  return { title: name, body }
}
