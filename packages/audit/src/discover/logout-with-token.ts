import type { Link, Page } from '../http/page.ts'
import type { Extract, Step } from '../recipe/recipe.ts'
import type { Candidate, Explorer } from './explorer.ts'

const IS_TOKEN = /token|csrf|nonce/i
/** How a script of the page is told the token. */
const IN_SCRIPT = '[Tt]oken["\']?\\s*[:=]\\s*["\']([\\w-]{16,})["\']'

/** Under which names the forms of this login sent tokens against forged requests. */
export const tokenNamesOf = ({ steps }: Candidate): readonly string[] =>
  steps.flatMap(({ form = {} }) => Object.keys(form)).filter((name) => IS_TOKEN.test(name))

/** What scripts make of a link that does nothing by itself: the page's token goes along, in a form or in the address. */
export function withToken(
  explorer: Explorer,
  html: string,
  url: string,
  page: Page,
  link: Link,
  names: readonly string[],
): Step[][] {
  const hidden = page.forms
    .flatMap(({ fields }) => fields)
    .find(({ type, name, value }) => type === 'hidden' && IS_TOKEN.test(name) && value !== '')
  const name = hidden?.name ?? (new RegExp(IN_SCRIPT).test(html) ? names[0] : undefined)
  if (name === undefined) return []
  const page_token: Extract = hidden === undefined ? { regex: IN_SCRIPT } : { field: hidden.name }
  const open: Step = { get: explorer.address(url), extract: { page_token } }
  const address = explorer.address(link.href)
  const joint = address.includes('?') ? '&' : '?'
  return [
    [open, { post: address, form: { [name]: '${page_token}' } }],
    [open, { get: `${address}${joint}${encodeURIComponent(name)}=\${page_token}` }],
  ]
}
