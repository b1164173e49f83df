import { demandHeader, forScripts, REQUEST_FIELDS, RESPONSE_FIELDS, type ScriptCarrier } from './_for-scripts.ts'

export type { ScriptCarrier } from './_for-scripts.ts'

/**
 * Carries the token in a header of this name, in requests and in responses: for clients or proxies that use `Authorization` for
 * something else. Everything else is as with `bearerCarrier`.
 *
 * ```ts
 * const sessions = createSessions({ carriers: [headerCarrier('x-session'), cookieCarrier()] })
 * ```
 *
 * @throws `ERR_OPTION` if the name is not a header name, or if pages of other origins can send it without asking first.
 */
export function headerCarrier(name: string): ScriptCarrier {
  const taken = new RegExp(`${RESPONSE_FIELDS.source}|${REQUEST_FIELDS.source}`)
  const header = demandHeader(name, taken, 'headerCarrier')
  return forScripts(
    {
      name: 'header',
      place: `header ${header}`,
      vary: header,
      read(view) {
        const text = view.header(header)
        return { values: text === null ? [] : [text], overflow: false }
      },
    },
    header,
  )
}
