import { checkOptions } from '../core/contracts/check-options.ts'
import { fieldsOf } from './_body.ts'
import { demandHeader, forScripts, RESPONSE_FIELDS, type ScriptCarrier } from './_for-scripts.ts'
import { demandName, NOTHING, toCandidates } from './_in-pages.ts'
import type { BearerOptions } from './bearer.ts'

export type { ScriptCarrier } from './_for-scripts.ts'

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i

/**
 * Carries the token in a member of a JSON body, `{ "session": "…" }`, for clients that can set no header. It counts only with a JSON
 * content type, which pages of other origins cannot send without asking first. Tokens go to the client as with `bearerCarrier`. Mount
 * the body parser before the sessions.
 *
 * ```ts
 * const sessions = createSessions({ carriers: [bodyFieldCarrier('session'), cookieCarrier()] })
 * app.use(express.json(), expressSessions(sessions))
 * ```
 *
 * @throws `ERR_OPTION` if the name has other characters than letters, digits and `_`.
 */
export function bodyFieldCarrier(name: string, options: BearerOptions = {}): ScriptCarrier {
  const parameter = demandName(name, 'bodyFieldCarrier')
  checkOptions(options, { responseHeader: 'string' }, 'bodyFieldCarrier')
  const header = demandHeader(options.responseHeader ?? 'session-token', RESPONSE_FIELDS, 'bodyFieldCarrier')
  return forScripts(
    {
      name: 'body-field',
      vary: 'Content-Type',
      read: (view) =>
        JSON_TYPE.test(view.header('content-type') ?? '') ? toCandidates(fieldsOf(view, parameter)) : NOTHING,
    },
    header,
  )
}
