import { type Line, quantityOf, totalCents } from '../cart.ts'
import { money, things } from './format.ts'
import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'

export function cartPage(lines: readonly Line[], signedIn: boolean): Page {
  const body = html`
    <header class="page-head"><h1>Your cart</h1></header>
    ${lines.length === 0 ? empty() : full(lines, signedIn)}`
  return { title: 'Your cart', body }
}

function empty(): Html {
  return html`
    <div class="empty">
      <img src="/art/signpost.svg" alt="" width="220" height="220">
      <p>Travelling light. There is nothing in it yet.</p>
      <p><a class="button" href="/">Look around</a></p>
    </div>`
}

function full(lines: readonly Line[], signedIn: boolean): Html {
  return html`
    <ul class="lines">${lines.map(row)}</ul>
    <div class="sum">
      <p><span>Total for ${things(quantityOf(lines))}</span> <strong>${money(totalCents(lines))}</strong></p>
      <a class="button" href="/checkout">Check out</a>
      ${!signedIn && html`<p class="hint">We will ask you to sign in. Your cart comes along.</p>`}
    </div>`
}

function row({ product, quantity, cents }: Line): Html {
  const { slug, name, priceCents } = product
  return html`
    <li class="line-row">
      <img src="/art/${slug}.svg" alt="" width="96" height="96">
      <div class="line-name"><a href="/things/${slug}">${name}</a> <span class="hint">${money(priceCents)} each</span></div>
      <div class="stepper">
        ${step(slug, -1, '−', `One ${name} less`)}
        <span aria-hidden="true">${quantity}</span><span class="unseen">${quantity} of ${name}</span>
        ${step(slug, 1, '+', `One ${name} more`)}
      </div>
      <strong class="line-cents">${money(cents)}</strong>
      <form method="post" action="/cart/${slug}/remove" class="line-remove">
        <button class="plain">Remove<span class="unseen"> ${name}</span></button>
      </form>
    </li>`
}

/** Each press is one small change, so that two tabs never overwrite each other with the number they saw. */
function step(slug: string, by: number, sign: string, label: string): Html {
  return html`
    <form method="post" action="/cart/${slug}">
      <input type="hidden" name="by" value="${by}"><input type="hidden" name="back" value="cart">
      <button class="step" aria-label="${label}">${sign}</button>
    </form>`
}
