import type { Carrier } from '../core/contracts/carrier.ts'
import type { Refusal } from '../core/contracts/session.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { chain, defined } from '../core/lib/maybe.ts'
import { vouch } from '../core/request/vouch.ts'
import type { AccessRefusal, AccessVerdict } from './_judge.ts'

/** What judges access tokens: the result of `createTokens` or `createVerifier`. */
export interface Verifies {
  verify(accessToken: string, options?: { readonly audience?: string }): MaybePromise<AccessVerdict>
}

const REFUSALS: Readonly<Partial<Record<AccessRefusal, Refusal>>> = {
  malformed: 'malformed',
  expired: 'expired',
  revoked: 'ended',
  // The issuer made these. They must not look like somebody who guesses.
  audience: 'withheld',
  early: 'withheld',
  unsure: 'withheld',
  proof: 'withheld',
}

/**
 * A carrier that also takes access tokens where it takes the tokens of sessions. The session opens as with `vouch`: it can be read
 * and logged out, and cannot get another token.
 *
 * - `verifier`: returns the result of `createTokens`, which needs the sessions that need this carrier, hence a function.
 * - `audience`: the `aud` that the tokens must have. Default: any that the verifier accepts.
 * - `reads`: as in `vouch`. Default `'record'`.
 *
 * ```ts
 * const sessions = createSessions({ carriers: [withAccessTokens(bearerCarrier(), () => tokens), cookieCarrier()] })
 * const tokens: Tokens = createTokens(sessions, options) // the type, because both lead to each other
 * ```
 */
export function withAccessTokens(
  carrier: Carrier,
  verifier: () => Verifies,
  { audience, reads = 'record' }: { readonly audience?: string; readonly reads?: 'record' | 'nothing' } = {},
): Carrier {
  return {
    ...carrier,
    translate(text, view) {
      // No token of ours has a dot.
      if (!text.includes('.')) return carrier.translate?.(text, view) ?? null
      return chain(verifier().verify(text, defined({ audience })), ({ token, refusal }) => {
        if (token === null) return REFUSALS[refusal] ?? 'forged'
        const { sessionId, userId, issuedAt, expiresAt, authenticatedAt, methods, assurance } = token
        if (sessionId === null) return 'unknown'
        return vouch({
          id: sessionId,
          userId,
          reads,
          issuedAt,
          expiresAt,
          authenticatedAt: authenticatedAt ?? undefined,
          methods,
          assurance: assurance ?? undefined,
        })
      })
    },
  }
}
