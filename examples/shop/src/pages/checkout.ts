import { type Line, totalCents } from '../cart.ts'
import type { User } from '../users.ts'
import { money } from './format.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

/** `orderId` travels with the form: sent twice, it is still one order. */
export function checkoutPage(user: User, lines: readonly Line[], orderId: string): Page {
  const body = html`
    <div class="narrow">
      <header class="page-head">
        <h1>Check out</h1>
        <p>Nearly there, ${user.name}. Have one more look.</p>
      </header>
      <div class="ticket">
        <table>
          <caption class="unseen">What you are about to order</caption>
          <thead class="unseen"><tr><th scope="col">Thing</th><th scope="col">Price</th></tr></thead>
          <tbody>
            ${lines.map(({ product, quantity, cents }) => html`<tr><th scope="row">${quantity} × ${product.name}</th><td>${money(cents)}</td></tr>`)}
          </tbody>
          <tfoot><tr><th scope="row">Total</th><td>${money(totalCents(lines))}</td></tr></tfoot>
        </table>
        <p class="tear">A confirmation goes to <strong>${user.email}</strong>, or would, if this were a real shop.</p>
      </div>
      <form method="post" action="/checkout" class="form">
        <input type="hidden" name="order" value="${orderId}">
        <button>Place the order</button>
        <p class="hint">No card, no address, no parcel: the shop is pretending.</p>
      </form>
    </div>`
  return { title: 'Check out', body }
}
