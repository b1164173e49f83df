import { type Exchange, headerOf } from '../http/exchange.ts'
import { readPage } from '../http/page.ts'

const LONGEST = 60

/**
 * Words of an answer that may identify a logged-in page, in any language: the texts of its links and buttons, or its JSON. Words
 * with digits and very long words are excluded because they differ in the next session.
 */
export function markersOf({ request, response }: Exchange): string[] {
  const body = response?.body ?? ''
  const isJson = headerOf(response, 'content-type')?.includes('json') === true
  const words = isJson ? pairsOf(body) : namesOf(body, request.url)
  return [...new Set(words)].filter((text) => text.length <= LONGEST && isWords(text))
}

/** Flags first: `"authenticated":true`. */
function pairsOf(json: string): string[] {
  const flags = json.match(/"[\w-]+"\s*:\s*(?:true|false)/g) ?? []
  const texts = json.match(/"[\w-]+"\s*:\s*"[^"\\]{1,40}"/g) ?? []
  return [...flags, ...texts]
}

function namesOf(html: string, url: string): string[] {
  const { links, forms } = readPage(html, url)
  const buttons = forms.flatMap((form) => [...form.buttons.map(({ value }) => value), form.text])
  return [...links.map(({ text }) => text), ...buttons].map((text) => text.trim())
}

const isWords = (text: string) =>
  /\p{L}{2}/u.test(text) && !/\d/.test(text) && text.split(/[^\p{L}]+/u).every((word) => word.length <= 20)

/** Links that log out or do worse when they are requested. */
export const LEAVE_ALONE: RegExp =
  /delete|remove|destroy|unsubscribe|download|restart|shut-?down|reboot|revoke|purge|clear|kill|stop/i
