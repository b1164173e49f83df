import { field, formError, leadingTo } from './fields.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

export interface SignInForm {
  /** Where the user goes afterwards, if not to the account. */
  readonly returnTo?: string
  readonly email?: string
  readonly error?: string
}

export function signInPage({ returnTo = '', email = '', error }: SignInForm = {}): Page {
  const body = html`
    <div class="narrow">
      <header class="page-head"><h1>Sign in</h1></header>
      <form method="post" class="form">
        ${formError(error)}
        ${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username', value: email, autofocus: email === '' })}
        ${field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', autofocus: email !== '' })}
        <div class="check">
          <input type="checkbox" id="remember" name="remember" value="yes">
          <label for="remember">Keep me signed in on this device for 30 days</label>
        </div>
        <button>Sign in</button>
      </form>
      <p>New here? <a href="${leadingTo('/sign-up', returnTo)}">Make an account</a>, or borrow one of the two printed where you started the shop.</p>
    </div>`
  return { title: 'Sign in', body }
}
