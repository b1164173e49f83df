import { createHash } from 'node:crypto'
import type { CookieOptions } from '../carriers/cookie-options.ts'
import type { Candidates, Carrier, RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId, Token } from '../core/contracts/record.ts'
import type { Store } from '../core/contracts/store.ts'
import { toId } from '../core/token/token.ts'
import { createCipher, OVERHEAD_BYTES } from './_cipher.ts'
import { ClientData, ClientRecords, type Fits, NAME, type RequestStore } from './_client-records.ts'
import { capacityOf, createCookies } from './_cookies.ts'
import { type Content, fromPlain, type Opened, toPlain } from './_layout.ts'

export interface CarrierSettings {
  readonly keys: readonly (string | Uint8Array)[]
  readonly cookie: CookieOptions
  readonly maxCookies: number
  readonly padTo: number
  /** Whether the application's store keeps all but the data. */
  readonly isStored: boolean
  readonly lacks: NonNullable<Store['lacks']>
}

/** What one request presents. */
interface Visit {
  readonly candidates: Candidates
  readonly opened: readonly Opened[]
  store: RequestStore | null
}

const FORGED = 'forged'
const MALFORMED = 'malformed'
const NOTHING: Visit = { candidates: { values: [], overflow: false }, opened: [], store: null }
/** For a token with a MAC, whatever the record at hand has. */
const LONGEST_TOKEN = '0'.repeat(64) as Token
/** A head that is stored with the data may grow by this much later: a renewal, and four secrets that were replaced. */
const HEAD_GROWTH_BYTES = 600

/** Carries the session itself in cookies. */
export function sealedCookie({ keys, cookie, maxCookies, padTo, isStored, lacks }: CarrierSettings): Carrier {
  const cookies = createCookies(cookie)
  const cipher = createCipher(keys, `sojourn sealed cookie v1 ${cookies.name}`)
  const visits = new WeakMap<RequestView, Visit>()
  const mostBytes = Math.floor((capacityOf(maxCookies) * 3) / 4) - OVERHEAD_BYTES

  function visitOf(view: RequestView): Visit {
    const known = visits.get(view)
    if (known !== undefined) return known
    const { texts, overflow } = cookies.read(view)
    if (texts.length === 0 && !overflow) return NOTHING
    const all = texts.map((text) => (text === null ? MALFORMED : open(text)))
    const opened = all.filter((one) => typeof one === 'object')
    const values = all.map((one) => (typeof one === 'object' ? one.token : one))
    const visit = { candidates: { values, overflow }, opened, store: null }
    visits.set(view, visit)
    return visit
  }

  function open(text: string): Opened | typeof FORGED | typeof MALFORMED {
    const plain = cipher.open(text)
    if (plain === null) return FORGED
    const opened = fromPlain(plain)
    // One without a record opens nothing where no store has it.
    return opened === null || (opened.record === null && !isStored) ? MALFORMED : opened
  }

  const fits: Fits = (content) => {
    const bytes = Buffer.byteLength(toPlain(LONGEST_TOKEN, content)) + (isStored ? 0 : HEAD_GROWTH_BYTES)
    if (bytes <= mostBytes) return
    const kB = (plain: number): string => `${(((plain + OVERHEAD_BYTES) * 4) / 3000).toFixed(1)} kB`
    throw new SessionError(
      'ERR_DATA_TOO_LARGE',
      `Its cookie would have ${kB(bytes)}, and may have ${kB(mostBytes)}. Keep ids in place of objects, or large values in a database${maxCookies < 3 ? ', or raise maxCookies of sealedSessions' : ''}.`,
    )
  }

  function seal(token: Token, content: Content): string {
    const plain = toPlain(token, content)
    const bytes = Buffer.byteLength(plain)
    return cipher.seal(
      plain + ' '.repeat(Math.min(Math.ceil(bytes / padTo) * padTo, Math.max(mostBytes, bytes)) - bytes),
    )
  }

  return {
    name: NAME,
    ambient: true,
    place: `cookie ${cookies.name}`,
    vary: 'Cookie',
    read: (view) => visitOf(view).candidates,
    translate: (text) => (text === FORGED ? FORGED : null),
    records: {
      lacks,
      of(view, shared) {
        const known = visitOf(view)
        const visit = known === NOTHING ? { ...NOTHING } : known
        if (visit !== known) visits.set(view, visit)
        visit.store = isStored ? new ClientData(visit.opened, shared, fits) : new ClientRecords(visit.opened, fits)
        return visit.store
      },
    },
    write(view, token, life) {
      const content = visits.get(view)?.store?.contentOf(idOf(token))
      return content === undefined ? [] : cookies.write(view, seal(token, content), life)
    },
    clear: cookies.clear,
    clearDuplicates: cookies.clearDuplicates,
  }
}

/** The first 16 bytes of a token lead to its session. */
function idOf(token: Token): SessionId {
  const locator = Buffer.from(token.slice(0, 22), 'base64url')
  return toId(createHash('sha256').update(locator).digest('base64url'))
}
