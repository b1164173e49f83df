import type { Candidates, Carrier, RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import { exchange, tokenForPage } from '../core/request/for-pages.ts'

export const NOTHING: Candidates = { values: [], overflow: false }
export const TOO_MANY: Candidates = { values: [], overflow: true }
const MAX_CANDIDATES = 8
/** Longer addresses and fields are not searched. */
export const MAX_CHARACTERS = 16_384

export type PageToken = (session: Session<object>) => Promise<string | null>

/** A carrier whose tokens are in pages of the application. It sends none itself: the cookie before it gets another token. */
export function inPages(
  carrier: Pick<Carrier, 'name' | 'vary'>,
  find: (view: RequestView) => Candidates,
): { readonly whole: Carrier; readonly tokenOf: PageToken } {
  const whole: Carrier = {
    ...carrier,
    ambient: true,
    readOnly: true,
    read: (view) => (isPlanted(view) ? NOTHING : find(view)),
    translate: exchange,
    write: () => [],
    clear: () => [],
  }
  return { whole, tokenOf: (session) => tokenForPage(session, whole) }
}

/** A page of another site made the browser send this address or form, so the token in it may be the attacker's own. */
function isPlanted(view: RequestView): boolean {
  return !/^(?:same-origin|none)?$/.test(view.header('sec-fetch-site') ?? '')
}

export function toCandidates(texts: readonly string[]): Candidates {
  const values = [...new Set(texts.filter((text) => text !== ''))]
  return { values: values.slice(0, MAX_CANDIDATES), overflow: values.length > MAX_CANDIDATES }
}

/** Letters, digits and `_`, so that the name needs no escape in an address or a page. */
export function demandName(name: string, where: string): string {
  if (/^[A-Za-z_]\w{0,63}$/.test(name)) return name
  throw new SessionError('ERR_OPTION', `${where} needs a name of letters, digits and _, such as "sid".`)
}
