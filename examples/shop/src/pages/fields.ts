import { type Html, html } from './html.ts'

/** Longest value of any field, in UTF-16 units. */
export const MAX_FIELD = 256

export interface Field {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'email' | 'password'
  readonly autocomplete: string
  readonly value?: string
  readonly hint?: string
  readonly error?: string | undefined
  readonly minlength?: number
  readonly maxlength?: number
  readonly autofocus?: boolean
}

export function field(of: Field): Html {
  const described = [of.hint && `${of.name}-hint`, of.error && `${of.name}-error`].filter(Boolean).join(' ')
  return html`
    <div class="field">
      <label for="${of.name}">${of.label}</label>
      ${of.hint && html`<p class="hint" id="${of.name}-hint">${of.hint}</p>`}
      <input id="${of.name}" name="${of.name}" type="${of.type}" autocomplete="${of.autocomplete}" required
        maxlength="${of.maxlength ?? MAX_FIELD}"
        ${of.minlength && html` minlength="${of.minlength}"`}
        ${of.value && html` value="${of.value}"`}
        ${of.autofocus && html` autofocus`}
        ${described && html` aria-describedby="${described}"`}
        ${of.error && html` aria-invalid="true"`}>
      ${of.error && html`<p class="error" id="${of.name}-error">${of.error}</p>`}
    </div>`
}

/** An error about the whole form. */
export function formError(text: string | undefined): Html {
  return html`${text && html`<p class="error whole" role="alert">${text}</p>`}`
}

/** A link to a page that sends the user on to `returnTo`. */
export function leadingTo(path: string, returnTo: string): string {
  return returnTo === '' ? path : `${path}?returnTo=${encodeURIComponent(returnTo)}`
}

/** Tells a password manager whose password the form is about. */
export function hiddenUsername(email: string): Html {
  return html`<input type="email" name="email" autocomplete="username" value="${email}" hidden>`
}
