import { MIN_PASSWORD } from '../passwords.ts'
import { field, hiddenUsername } from './fields.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

export interface PasswordErrors {
  readonly current?: string
  readonly next?: string
}

export function passwordPage(email: string, errors: PasswordErrors = {}): Page {
  const body = html`
    <div class="narrow">
      <header class="page-head">
        <h1>Change your password</h1>
        <p>Every other device you are signed in on will be signed out.</p>
      </header>
      <form method="post" action="/account/password" class="form">
        ${hiddenUsername(email)}
        ${field({ name: 'current', label: 'Your password now', type: 'password', autocomplete: 'current-password', error: errors.current })}
        ${field({
          name: 'next',
          label: 'Your new password',
          type: 'password',
          autocomplete: 'new-password',
          hint: `At least ${MIN_PASSWORD} characters.`,
          minlength: MIN_PASSWORD,
          error: errors.next,
        })}
        <button>Change it</button>
      </form>
      <p><a href="/account">Back to your account</a></p>
    </div>`
  return { title: 'Change your password', body }
}
