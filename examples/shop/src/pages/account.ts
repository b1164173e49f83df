import type { SessionInfo } from 'sojourn'
import type { Alarm } from '../alarms.ts'
import { quantityOf } from '../cart.ts'
import type { Order } from '../orders.ts'
import type { User } from '../users.ts'
import { alarmList } from './alarms.ts'
import { deviceList } from './devices.ts'
import { day, money, things } from './format.ts'
import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'
import { orderNumber } from './order.ts'

export interface Account {
  readonly user: User
  readonly devices: readonly SessionInfo[]
  /** Ids of the sessions that are bound to their device. */
  readonly bound: ReadonlySet<string>
  readonly alarms: readonly Alarm[]
  /** The page where this user proves who they are. */
  readonly proof: string
  readonly orders: readonly Order[]
}

export function accountPage({ user, devices, bound, alarms, proof, orders }: Account): Page {
  const body = html`
    <header class="page-head">
      <h1>Hello, ${user.name}</h1>
      <p>Signed in as ${user.email}.</p>
    </header>
    ${alarmList(alarms, devices, proof)}
    <div class="account">
      <div>
        ${deviceList(devices, bound)}
        <section aria-labelledby="security" class="panel">
          <h2 id="security">Doors and keys</h2>
          <div class="row">
            <form method="post" action="/sign-out"><button>Sign out here</button></form>
            <form method="post" action="/sign-out-everywhere"><button class="quiet">Sign out everywhere</button></form>
            <a href="/account/password">Change your password</a>
            <a href="/account/passkeys">Your passkeys</a>
          </div>
        </section>
      </div>
      ${orderList(orders)}
    </div>`
  return { title: 'Your account', body }
}

function orderList(orders: readonly Order[]): Html {
  return html`
    <section aria-labelledby="orders" class="panel">
      <h2 id="orders">Your orders</h2>
      ${orders.length === 0 ? html`<p>None yet. <a href="/">Look around</a>.</p>` : html`<ul class="orders">${orders.map(orderRow)}</ul>`}
    </section>`
}

function orderRow(order: Order): Html {
  return html`
    <li>
      <a href="/orders/${order.id}">Order ${orderNumber(order)}</a>
      <span class="hint">${day(order.placedAt)} · ${things(quantityOf(order.lines))} · ${money(order.totalCents)}</span>
    </li>`
}
