import { escapeHtml, toLine } from './html.ts'
import type { NewDeviceLogin, NewDeviceText } from './text.ts'

/** A mail to the user. It has no token; the link in it can only end sessions. */
export interface NewDeviceMail {
  /** One line without control characters. */
  readonly subject: string
  readonly text: string
  /** A whole document, with styles in its elements, and without pictures and scripts. */
  readonly html: string
}

export function toMail(words: NewDeviceText, login: NewDeviceLogin, link: string): NewDeviceMail {
  const subject = toLine(words.subject(login))
  const opening = words.opening(login).map(toLine)
  const closing = words.closing(login).map(toLine)
  const facts = words.facts(login).map(([name, value]) => [toLine(name), toLine(value)] as const)
  const text = [
    ...opening,
    facts.map(([name, value]) => `${name}: ${value}`).join('\n'),
    `${toLine(words.link)}:\n${link}`,
    ...closing,
  ].join('\n\n')
  return { subject, text: `${text}\n`, html: toHtml(words, { subject, opening, closing, facts, link }) }
}

interface Parts {
  readonly subject: string
  readonly opening: readonly string[]
  readonly closing: readonly string[]
  readonly facts: readonly (readonly [string, string])[]
  readonly link: string
}

/** Mail programs drop style sheets, so the styles are in the elements. Colors are left to the program where it has a dark mode. */
function toHtml(words: NewDeviceText, { subject, opening, closing, facts, link }: Parts): string {
  const paragraph = (text: string): string => `<p style="margin:0 0 16px">${escapeHtml(text)}</p>`
  const row = ([name, value]: readonly [string, string]): string =>
    `<tr><td style="padding:4px 16px 4px 0;opacity:.7;vertical-align:top">${escapeHtml(name)}</td><td style="padding:4px 0"><strong>${escapeHtml(value)}</strong></td></tr>`
  return [
    `<!doctype html><html lang="${escapeHtml(words.language)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escapeHtml(subject)}</title></head>`,
    '<body style="margin:0;padding:24px"><div style="max-width:32em;margin:0 auto;font:16px/1.5 system-ui,sans-serif">',
    ...opening.map(paragraph),
    `<table role="presentation" style="margin:0 0 16px;border-collapse:collapse;font:inherit">${facts.map(row).join('')}</table>`,
    `<p style="margin:0 0 16px"><a href="${escapeHtml(link)}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#b3261e;color:#fff;font-weight:600;text-decoration:none">${escapeHtml(words.link)}</a></p>`,
    ...closing.map(paragraph),
    '</div></body></html>\n',
  ].join('\n')
}
