import type { SessionInfo } from 'sojourn'
import { env } from './env.ts'
import { type Html, html } from './html.ts'
import { style } from './style.ts'

/** What every page shows: who is logged in, and a message that is shown once. */
export type View = { user: string | null; message?: unknown }

export function homePage(view: View, cart: string[]): string {
  const body = html`
    <h1>${view.user === null ? 'Welcome' : html`Hello, ${view.user}`}</h1>
    <p>${view.user === null ? 'This cart works before the login, and is kept after it.' : 'Only you see this cart.'}</p>
    <form method="post" action="/cart" class="row">
      <input name="item" aria-label="Item" placeholder="A lamp" maxlength="60" required>
      <button>Add</button>
    </form>
    ${cart.length === 0 ? html`<p class="quiet">The cart is empty.</p>` : cartList(cart)}`
  return page('Cart', view, body)
}

function cartList(cart: string[]): Html {
  return html`
    <ul>${cart.map((item) => html`<li>${item}</li>`)}</ul>
    <form method="post" action="/cart/empty"><button class="plain">Empty the cart</button></form>`
}

/** After a wrong password, the page keeps the name that was typed. */
export function loginPage(view: View, name = ''): string {
  const body = html`
    <h1>Log in</h1>
    <form method="post" action="/login">
      <label>Name <input name="name" value="${name}" autocomplete="username" autocapitalize="none" required></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <button>Log in</button>
    </form>
    ${env.NODE_ENV !== 'production' && demoHint}`
  return page('Log in', view, body)
}

const demoHint = html`
    <p class="quiet">The name and the password of the first user are in the file <code>.env</code>.</p>`

export function devicesPage(view: View, devices: SessionInfo[]): string {
  const body = html`
    <h1>Devices</h1>
    <p>You are logged in on ${devices.length === 1 ? 'this device' : html`${devices.length} devices`}.</p>
    <ul>${devices.map(deviceItem)}</ul>`
  return page('Devices', view, body)
}

function deviceItem({ id, device, lastSeenAt, current }: SessionInfo): Html {
  const end = html`
      <form method="post" action="/devices/end">
        <input type="hidden" name="id" value="${id}"><button class="plain">End</button>
      </form>`
  return html`
    <li class="row">
      <span>${device?.name ?? 'A device'}<br><small>last seen ${lastSeenAt.toISOString().slice(0, 16).replace('T', ' ')} UTC</small></span>
      ${current ? html`<small>this device</small>` : end}
    </li>`
}

function page(title: string, { user, message }: View, body: Html): string {
  const logout = html`<form method="post" action="/logout"><button class="plain">Log out</button></form>`
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title}</title>
  <style>${style}</style>
</head>
<body>
  <header>
    <nav class="row">
      <a href="/">Cart</a>
      ${user !== null && html`<a href="/devices">Devices</a>`}
      ${user === null ? html`<a href="/login">Log in</a>` : logout}
    </nav>
  </header>
  <main>
    ${message && html`<p class="message" role="status">${message}</p>`}
    ${body}
  </main>
</body>
</html>`.text
}
