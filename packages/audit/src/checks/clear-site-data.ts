import type { Check } from '../audit/audit.ts'
import { copiesWith } from '../audit/credentials.ts'
import { headerOf } from '../http/exchange.ts'
import { inform, pass } from '../model/finding.ts'

export const clearSiteData: Check = {
  id: 'clear-site-data',
  title: 'What logout leaves in the browser',
  wstg: ['WSTG-SESS-06'],
  asvs: ['14.3.1'],
  cwe: [525],
  severity: 'info',
  proves: 'Whether logout deletes the cookie, and asks the browser to delete what it stored for the site.',
  cannotProve: 'What scripts of the pages delete by themselves.',
  why: 'On a shared computer, the next person finds cached pages and storage of the last one.',
  fix: { text: 'Answer a logout with Clear-Site-Data: "cache", "cookies", "storage" and delete the cookie by name.' },
  needs: ['logout'],
  async run(audit) {
    const { firstLogout } = audit.app
    if (firstLogout === null) return []
    const { login, exchanges } = firstLogout
    const held = copiesWith(login, exchanges).flatMap(({ cookies }) => cookies)
    const before = new Set(held.map(({ name, value }) => `${name}=${value}`))
    const value = exchanges.map(({ response }) => headerOf(response, 'clear-site-data')).find((held) => held !== null)
    const left = login.client
      .cookies()
      // Shorter values contain no secret, such as the number of the other parts.
      .filter(({ value }) => value.length >= 12)
      .filter(({ name, value }) => audit.app.carriers.flat().includes(name) && before.has(`${name}=${value}`))
      .map(({ name }) => name)
    const about = 'logout'
    const storage =
      value === undefined || !isUnderstood(value)
        ? inform({
            about: 'Clear-Site-Data',
            title: value === undefined ? 'Not sent' : 'Not as browsers read it',
            detail:
              value === undefined
                ? 'The logout does not send Clear-Site-Data. Pages may clear storage by themselves.'
                : `The logout sends Clear-Site-Data: ${value}. Browsers want the words in quotes: "cache", "cookies", "storage" or "*".`,
          })
        : pass({ about: 'Clear-Site-Data', title: 'Sent', detail: `The logout sends Clear-Site-Data: ${value}.` })
    if (audit.app.carriers.length === 0) return [storage]
    return [
      left.length === 0
        ? pass({
            about,
            title: 'The cookie is taken away',
            detail: 'After the logout the client does not hold the session cookie any more.',
          })
        : inform({
            about,
            title: 'A cookie stays',
            detail: `After the logout the client still holds ${left.join(', ')}, which opens nothing.`,
          }),
      storage,
    ]
  },
}

/** Browsers ignore directives that they do not know, and those without quotes. */
const isUnderstood = (value: string): boolean =>
  value.split(',').some((word) => ['"cache"', '"cookies"', '"storage"', '"*"'].includes(word.trim().toLowerCase()))
