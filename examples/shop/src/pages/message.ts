import { html } from './html.ts'
import type { Page } from './layout.ts'

/** A page with one thing to say: goodbye, not found, something broke. */
export function messagePage(title: string, text: string, link = { href: '/', text: 'Back to the shop' }): Page {
  const body = html`
    <div class="empty">
      <img src="/art/signpost.svg" alt="" width="220" height="220">
      <h1>${title}</h1>
      <p>${text}</p>
      <p><a class="button" href="${link.href}">${link.text}</a></p>
    </div>`
  return { title, body }
}
