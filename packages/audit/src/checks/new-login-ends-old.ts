import { carriedBy, distinct, firstAlive } from '../audit/copies.ts'
import type { Check } from '../model/check.ts'
import { cannotJudge, fail, pass } from '../model/finding.ts'

export const newLoginEndsOld: Check = {
  id: 'new-login-ends-old',
  title: 'Logging in again in one browser ends the session before',
  wstg: ['WSTG-SESS-03', 'WSTG-SESS-06'],
  asvs: ['7.2.4'],
  cwe: [613],
  severity: 'low',
  proves: 'A copy of the credential from before a second login in the same client is refused after it.',
  cannotProve: 'The same for a step-up, or for a login as somebody else.',
  why: 'The user has no way left to end the first session: the browser has forgotten it, and a thief’s copy lives on.',
  fix: { text: 'At login, end the session that the request came with.' },
  needs: ['cookies'],
  async run(audit) {
    const about = 'second login'
    const first = await audit.login('victim')
    const again = await audit.login('victim, again', { client: first.client })
    if (carriedBy(audit, first.credential) === carriedBy(audit, again.credential)) {
      // Nothing new was given out: either the login page passed a logged-in client by, or the id is kept.
      const detail =
        'The second login gave out nothing new. Whether an id is kept at login is judged by the check of fixation.'
      return [cannotJudge({ about, title: 'Nothing to compare', detail })]
    }
    // Where ids are renewed with each page, the newest is the one that the password was sent with.
    const newest = { ...first.credential, cookies: again.sent }
    const copies = distinct(audit, [newest, first.credential])
    const probe = await firstAlive(audit, 'copy of the first session', copies)
    if (probe === null)
      return [cannotJudge({ about, title: 'Nothing to compare', detail: 'The first login gave out nothing.' })]
    const { state, exchange } = probe
    const evidence = [
      audit.evidence('The first session is presented after the second login.', [...again.exchanges, exchange]),
    ]
    if (state === 'in') {
      const detail = 'The session from before the second login lives on beside the new one.'
      return [fail({ about, title: 'The session before lives on', detail, evidence })]
    }
    if (state === 'unknown')
      return [
        cannotJudge({
          about,
          title: 'No clear answer',
          detail: `Answered ${exchange.response?.status ?? exchange.fault}.`,
        }),
      ]
    return [
      pass({ about, title: 'The session before is over', detail: 'It is refused after the second login.', evidence }),
    ]
  },
}
