import type { Order } from '../orders.ts'
import { day, money } from './format.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

export function orderNumber(order: Order): string {
  return order.id.slice(0, 8).toUpperCase()
}

export function orderPage(order: Order): Page {
  const number = orderNumber(order)
  const body = html`
    <div class="narrow">
      <header class="page-head">
        <h1>Bon voyage</h1>
        <p>Your order is in. We would be packing it now, if we were real.</p>
      </header>
      <div class="ticket">
        <p class="ticket-head"><span>Order <strong>${number}</strong></span> <span>${day(order.placedAt)}</span></p>
        <table>
          <caption class="unseen">What you ordered</caption>
          <thead class="unseen"><tr><th scope="col">Thing</th><th scope="col">Price</th></tr></thead>
          <tbody>
            ${order.lines.map(({ name, quantity, cents }) => html`<tr><th scope="row">${quantity} × ${name}</th><td>${money(cents)}</td></tr>`)}
          </tbody>
          <tfoot><tr><th scope="row">Total</th><td>${money(order.totalCents)}</td></tr></tfoot>
        </table>
        <p class="tear">Carry on.</p>
      </div>
      <p><a href="/">Look around some more</a>, or see <a href="/account#orders">all your orders</a>.</p>
    </div>`
  return { title: `Order ${number}`, body }
}
