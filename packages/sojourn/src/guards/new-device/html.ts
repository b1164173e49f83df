const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** For text and quoted attributes of HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => NAMES[character] ?? '')
}

/** Line breaks and other control characters, which could add lines to a mail, and marks that turn the direction of text around. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** One line of plain text. */
export function toLine(text: string): string {
  return text.replace(CONTROLS, ' ').trim()
}
