import type { Passkey } from '../users.ts'
import { formError } from './fields.ts'
import { day } from './format.ts'
import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'

/** *Your passkeys*: those of this user, and the button that makes one. */
export function passkeysPage(passkeys: readonly Passkey[], options: object, error?: string): Page {
  const body = html`
    <div class="narrow">
      <header class="page-head">
        <h1>Your passkeys</h1>
        <p>A passkey is a key that your device keeps for you. Once you have one, we ask for it before anything important,
          and a stolen password is not enough.</p>
      </header>
      ${formError(error)}
      ${passkeys.length > 0 && html`<ul class="passkeys">${passkeys.map(passkeyRow)}</ul>`}
      ${passkeyForm('make', options, passkeys.length > 0 ? 'Make another one' : 'Make a passkey')}
      <p><a href="/account">Back to your account</a></p>
    </div>`
  return { title: 'Your passkeys', body }
}

function passkeyRow({ id, createdAt }: Passkey): Html {
  const made = day(new Date(createdAt))
  return html`
    <li>
      <span>Made on ${made}</span>
      <form method="post" action="/account/passkeys/${id}/remove"><button class="quiet">Remove<span class="unseen"> the passkey made on ${made}</span></button></form>
    </li>`
}

/** The browser makes or uses a passkey, and the script puts its answer into the form. */
export function passkeyForm(act: 'make' | 'prove', options: object, button: string): Html {
  return html`
    <form method="post" class="form" data-passkey="${act}" data-options="${JSON.stringify(options)}">
      <input type="hidden" name="credential">
      <p class="error whole" role="alert" hidden></p>
      <noscript><p class="error whole">Passkeys need JavaScript, only on this page.</p></noscript>
      <button>${button}</button>
    </form>
    <script src="/scripts/simplewebauthn.js" defer></script>
    <script src="/scripts/passkey.js" defer></script>`
}
