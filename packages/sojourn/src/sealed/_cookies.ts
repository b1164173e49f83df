import { cookieCarrier } from '../carriers/cookie.ts'
import { type CookieOptions, toCookieForm } from '../carriers/cookie-options.ts'
import type { Carrier, HeaderChange, RequestView, TokenLife } from '../core/contracts/carrier.ts'
import type { Token } from '../core/contracts/record.ts'
import { NONCE_AT } from './_cipher.ts'

/** The cookies of one sealed text: the first has the configured name, the others `.1` and `.2` behind it. */
export interface Cookies {
  readonly name: string
  /** Returns each text that the request presents whole. `null` for one of which a part is missing. */
  read(view: RequestView): { readonly texts: readonly (string | null)[]; readonly overflow: boolean }
  /** Deletes the cookies that a longer text left. */
  write(view: RequestView, text: string, life: TokenLife): readonly HeaderChange[]
  clear(view: RequestView): readonly HeaderChange[]
  clearDuplicates(view: RequestView): readonly HeaderChange[]
}

/** With the longest name, a cookie stays under the 4096 bytes that browsers keep (RFC 6265bis, section 5.7). */
export const COOKIE_CHARACTERS = 3800
/** node:http takes 16 kB for all headers together. */
export const MOST_COOKIES = 3

/** The layout, and the number of cookies. */
const FORM = /^s[1-3]/
const FORM_CHARACTERS = 2
/** Which text a cookie belongs to: a part of its nonce. */
const MARK_CHARACTERS = 8

/** How many characters of a sealed text fit into this many cookies. */
export function capacityOf(cookies: number): number {
  return cookies * COOKIE_CHARACTERS - FORM_CHARACTERS - (cookies - 1) * MARK_CHARACTERS
}

export function createCookies(options: CookieOptions): Cookies {
  const { name } = toCookieForm(options)
  const jars: readonly Carrier[] = Array.from({ length: MOST_COOKIES }, (_, nth) =>
    cookieCarrier({ ...options, name: nth === 0 ? name : `${name}.${nth}` } as CookieOptions),
  )
  const [main, ...more] = jars as [Carrier, ...Carrier[]]
  const presented = (view: RequestView): readonly Carrier[] => more.filter((jar) => jar.read(view).values.length > 0)

  function join(view: RequestView, value: string): string | null {
    if (!FORM.test(value)) return null
    const count = Number(value[1])
    let text = value.slice(FORM_CHARACTERS)
    if (count === 1) return text
    const mark = markOf(text)
    for (const jar of more.slice(0, count - 1)) {
      const part = jar.read(view).values.find((one) => one.startsWith(mark))
      if (part === undefined || mark.length < MARK_CHARACTERS) return null
      text += part.slice(MARK_CHARACTERS)
    }
    return text
  }

  return {
    name,
    read(view) {
      const { values, overflow } = main.read(view)
      if (overflow || values.length === 0) return { texts: [], overflow }
      return { texts: values.map((value) => join(view, value)), overflow }
    },
    write(view, text, life) {
      const parts = split(text)
      const left = presented(view).filter((jar) => jars.indexOf(jar) >= parts.length)
      const written = parts.flatMap((part, nth) => jars[nth]?.write(view, part as Token, life) ?? [])
      return [...left.flatMap((jar) => jar.clear(view)), ...written]
    },
    clear: (view) => [main, ...presented(view)].flatMap((jar) => jar.clear(view)),
    clearDuplicates: (view) =>
      [main, ...more.filter((jar) => jar.read(view).values.length > 1)].flatMap(
        (jar) => jar.clearDuplicates?.(view) ?? [],
      ),
  }
}

function markOf(text: string): string {
  return text.slice(NONCE_AT, NONCE_AT + MARK_CHARACTERS)
}

/** The values of the cookies. */
function split(text: string): readonly string[] {
  const mark = markOf(text)
  const parts = [text.slice(0, COOKIE_CHARACTERS - FORM_CHARACTERS)]
  const step = COOKIE_CHARACTERS - MARK_CHARACTERS
  for (let at = COOKIE_CHARACTERS - FORM_CHARACTERS; at < text.length; at += step) {
    parts.push(mark + text.slice(at, at + step))
  }
  const [first = '', ...others] = parts
  return [`s${parts.length}${first}`, ...others]
}
