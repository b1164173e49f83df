import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server'
import { formError } from './fields.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'
import { passkeyForm } from './passkeys.ts'

/** Asks for the passkey. The form posts to the same address, which has the way back in it. */
export function passkeyPage(options: PublicKeyCredentialRequestOptionsJSON, error?: string): Page {
  const body = html`
    <div class="narrow">
      <header class="page-head">
        <h1>Your passkey, please</h1>
        <p>This needs more than a password. Use the passkey that you made for Wayside.</p>
      </header>
      ${formError(error)}
      ${passkeyForm('prove', options, 'Use my passkey')}
    </div>`
  return { title: 'Your passkey, please', body }
}
