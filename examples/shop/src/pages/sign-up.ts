import { MIN_PASSWORD } from '../passwords.ts'
import { field, formError, leadingTo } from './fields.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

export const MAX_NAME = 60

export interface SignUpForm {
  /** Where the user goes afterwards, if not to the account. */
  readonly returnTo?: string
  readonly name?: string
  readonly email?: string
  readonly error?: string
  readonly errors?: { readonly name?: string; readonly email?: string; readonly password?: string }
}

export function signUpPage({ returnTo = '', name = '', email = '', error, errors = {} }: SignUpForm = {}): Page {
  const body = html`
    <div class="narrow">
      <header class="page-head"><h1>Make an account</h1></header>
      <form method="post" class="form">
        ${formError(error)}
        ${field({ name: 'name', label: 'What shall we call you?', type: 'text', autocomplete: 'given-name', maxlength: MAX_NAME, value: name, error: errors.name })}
        ${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username', value: email, error: errors.email })}
        ${field({
          name: 'password',
          label: 'Password',
          type: 'password',
          autocomplete: 'new-password',
          hint: `At least ${MIN_PASSWORD} characters. Four words that never met make a good one.`,
          minlength: MIN_PASSWORD,
          error: errors.password,
        })}
        <button>Make an account</button>
      </form>
      <p>Been here before? <a href="${leadingTo('/sign-in', returnTo)}">Sign in</a>.</p>
    </div>`
  return { title: 'Make an account', body }
}
