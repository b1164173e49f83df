import { field, formError, hiddenUsername } from './fields.ts'
import { html } from './html.ts'
import type { Page } from './layout.ts'

export function confirmPage(email: string, error?: string): Page {
  const body = html`
    <div class="narrow">
      <header class="page-head">
        <h1>Still you?</h1>
        <p>Before we go on with something important, please give your password once more.</p>
      </header>
      <form method="post" class="form">
        ${formError(error)}
        ${hiddenUsername(email)}
        ${field({ name: 'password', label: `Password for ${email}`, type: 'password', autocomplete: 'current-password', autofocus: true })}
        <button>Yes, it is me</button>
      </form>
    </div>`
  return { title: 'Still you?', body }
}
