/** Text that is markup. Everything else that gets into a page is escaped: what an audited application sent is hostile. */
export interface Markup {
  readonly markup: string
}

export type Child = Markup | string | number | null | false | readonly Child[]

/** The only way to make markup: what stands between the quotes is, what is filled in is not. */
export function html(literal: TemplateStringsArray, ...children: readonly Child[]): Markup {
  const parts = literal.map((text, i) => text + (i < children.length ? render(children[i] ?? null) : ''))
  return { markup: parts.join('') }
}

function render(child: Child): string {
  if (child === null || child === false) return ''
  if (typeof child === 'string' || typeof child === 'number') return escapeText(String(child))
  return 'markup' in child ? child.markup : child.map(render).join('')
}

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Control characters and those that turn the direction of text are shown, and not obeyed. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

export function escapeText(text: string): string {
  return text
    .replace(INVISIBLE, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`)
    .replace(/[&<>"'`]/g, (letter) => NAMES[letter] ?? '')
}
