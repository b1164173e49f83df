import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { defined } from '../core/lib/maybe.ts'

/** What the access tokens of one session may be. What is left out is not limited. */
export interface TokenLimit {
  /** The only client that may refresh. It cannot be changed later. */
  readonly clientId?: string | undefined
  readonly audiences?: readonly string[] | undefined
  readonly scopes?: readonly string[] | undefined
}

/** Checks a limit that the application gives. Throws `ERR_OPTION`. */
export function demandLimit(
  limit: TokenLimit,
  services: readonly { readonly name: string; readonly scopes: readonly string[] }[],
): TokenLimit {
  checkOptions(limit, { clientId: 'string', audiences: 'array', scopes: 'array' }, 'limit')
  const { clientId, audiences, scopes } = limit
  const known = services.flatMap((service) => service.scopes)
  const isGood =
    (audiences ?? []).every((each) => services.some(({ name }) => name === each)) &&
    (scopes ?? []).every((each) => known.includes(each)) &&
    clientId !== ''
  if (!isGood) throw new SessionError('ERR_OPTION', 'limit: name audiences and scopes that createTokens knows.')
  return defined({ clientId, audiences, scopes })
}

/** A limit can only shrink. */
export function narrow(before: TokenLimit, given: TokenLimit): TokenLimit {
  if (before.clientId !== undefined && given.clientId !== undefined && before.clientId !== given.clientId) {
    throw new SessionError('ERR_OPTION', 'limit: the session belongs to another client.')
  }
  return defined({
    clientId: before.clientId ?? given.clientId,
    audiences: both(before.audiences, given.audiences),
    scopes: both(before.scopes, given.scopes),
  })
}

function both(a: readonly string[] | undefined, b: readonly string[] | undefined): readonly string[] | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.filter((each) => b.includes(each))
}

/** Reads a limit as it is stored. One that cannot be read allows nothing. */
export function toLimit(text: string | null): TokenLimit {
  if (text === null) return {}
  try {
    const { clientId, audiences, scopes } = JSON.parse(text)
    return defined({ clientId, audiences, scopes })
  } catch {
    return { audiences: [], scopes: [] }
  }
}
