/** Text that is markup. Everything else in a page is escaped, because the content of an audited application may be hostile. */
export interface Markup {
  readonly markup: string
}

export type Child = Markup | string | number | null | false | readonly Child[]

/** The only way to make markup: the literal text is markup, inserted values are escaped. */
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

/** Control characters, and those that change the direction of text, are displayed and have no effect. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

export function escapeText(text: string): string {
  return text
    .replace(INVISIBLE, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`)
    .replace(/[&<>"'`]/g, (letter) => NAMES[letter] ?? '')
}
