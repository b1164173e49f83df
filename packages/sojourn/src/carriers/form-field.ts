import type { Carrier } from '../core/contracts/carrier.ts'
import type { Session } from '../core/contracts/session.ts'
import { fieldsOf } from './_body.ts'
import { demandName, inPages, NOTHING, toCandidates } from './_in-pages.ts'

/** A carrier of tokens in hidden fields. */
export interface FormFieldCarrier extends Carrier {
  /** Resolves with the hidden field for a form of this page; `''` if the client sends a cookie, or there is no session. */
  field(session: Session<object>): Promise<string>
}

const FORM = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i

/**
 * Carries the token in a hidden field of forms that post, for clients that keep no cookie. Links carry nothing, so the session
 * goes from form to form. Put it after the cookie, and mount the body parser before the sessions.
 *
 * ```ts
 * const fields = formFieldCarrier('sid')
 * const sessions = createSessions({ carriers: [cookieCarrier(), fields] })
 * app.use(express.urlencoded(), expressSessions(sessions))
 * app.get('/', async (req, res) => res.send(`<form method="post">${await fields.field(req.session)}<button>Go</button></form>`))
 * ```
 *
 * @throws `ERR_OPTION` if the name has other characters than letters, digits and `_`.
 */
export function formFieldCarrier(name: string): FormFieldCarrier {
  const parameter = demandName(name, 'formFieldCarrier')
  const { whole, tokenOf } = inPages({ name: 'form-field', vary: 'Content-Type, Sec-Fetch-Site' }, (view) =>
    FORM.test(view.header('content-type') ?? '') ? toCandidates(fieldsOf(view, parameter)) : NOTHING,
  )
  return Object.assign(whole, {
    async field(session: Session<object>) {
      const token = await tokenOf(session)
      return token === null ? '' : `<input type="hidden" name="${parameter}" value="${token}">`
    },
  })
}
