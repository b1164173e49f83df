import type { Catalogue, Category } from '../catalogue.ts'
import type { Product } from '../products.ts'
import { money } from './format.ts'
import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'

export function homePage(catalogue: Catalogue): Page {
  const body = html`
    <section class="hero">
      <picture>
        <source srcset="/art/hero-night.svg" media="(prefers-color-scheme: dark)">
        <img src="/art/hero-day.svg" alt="" width="1200" height="570">
      </picture>
      <div class="hero-text">
        <h1>Twelve good things for going away</h1>
        <p>Everything you need for a short stay somewhere else, and nothing you would carry twice.</p>
      </div>
    </section>
    ${catalogue.categories.map((category) => shelf(category, catalogue))}`
  return { title: 'Things for going away', body }
}

function shelf(category: Category, catalogue: Catalogue): Html {
  return html`
    <section class="shelf" aria-labelledby="${category.slug}">
      <div class="shelf-head">
        <h2 id="${category.slug}"><a href="/shelf/${category.slug}">${category.name}</a></h2>
        <p>${category.line}</p>
      </div>
      ${cards(catalogue.products.filter((product) => product.category === category.slug))}
    </section>`
}

export function shelfPage(category: Category, catalogue: Catalogue): Page {
  const body = html`
    <header class="page-head">
      <h1>${category.name}</h1>
      <p>${category.line}</p>
    </header>
    <h2 class="unseen">On this shelf</h2>
    ${cards(catalogue.products.filter((product) => product.category === category.slug))}`
  return { title: category.name, body }
}

function cards(products: readonly Product[]): Html {
  return html`<ul class="cards">${products.map(card)}</ul>`
}

function card({ slug, name, line, priceCents }: Product): Html {
  return html`
    <li class="card">
      <img src="/art/${slug}.svg" alt="" width="400" height="400">
      <p class="tag">${money(priceCents)}</p>
      <h3><a href="/things/${slug}">${name}</a></h3>
      <p>${line}</p>
    </li>`
}
