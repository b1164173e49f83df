import { type Audit, attempt, type Check, type Login } from '../audit/audit.ts'
import type { Client } from '../http/client.ts'
import { cannotJudge, type Finding, inform, pass } from '../model/finding.ts'

const SESSIONS = 5

export const concurrentSessions: Check = {
  id: 'concurrent-sessions',
  title: 'Several sessions of one user',
  wstg: ['WSTG-SESS-11'],
  asvs: ['7.1.2', '7.5.2'],
  cwe: [1018],
  severity: 'info',
  proves: 'Whether older sessions stay logged in when the same user logs in again.',
  cannotProve: 'Whether this violates the application’s policy: only its documents can answer that.',
  why: 'A user who cannot see and end other sessions cannot get rid of a thief.',
  fix: { text: 'Decide how many sessions a user may have, and give users a page that lists and ends them.' },
  needs: [],
  async run(audit) {
    const sessions = await attempt('sessions at once', () => sideBySide(audit))
    return [sessions, pageFinding(audit.app.recipe.sessionsPage)]
  },
}

/** Logins that earlier checks left logged in count, because applications limit logins. */
async function sideBySide(audit: Audit): Promise<Finding> {
  const about = 'sessions at once'
  const logins = [...(await stillLoggedIn(audit, SESSIONS))]
  while (logins.length < SESSIONS) logins.push(await audit.users.login(`session ${logins.length + 1}`, { fresh: true }))
  const states = []
  for (const { client } of logins) states.push((await audit.ask.as(client)).state)
  const alive = states.filter((state) => state === 'in').length
  if (states.at(-1) !== 'in') {
    return cannotJudge({ about, title: 'No clear answer', detail: 'The session begun last is not logged in any more.' })
  }
  if (alive === logins.length) {
    return inform({
      about,
      title: 'Sessions live side by side',
      detail: `${alive} logins of one user, and each is still logged in.`,
    })
  }
  return pass({
    about,
    title: `At most ${alive} at once`,
    detail: `${alive} of ${logins.length} logins of one user are still logged in.`,
  })
}

function pageFinding(page: string | false | undefined): Finding {
  const about = 'page of sessions'
  if (page === undefined) {
    return cannotJudge({
      about,
      title: 'Not known',
      detail: 'The recipe does not say where users see and end their sessions (sessionsPage).',
    })
  }
  if (page === false) {
    return inform({
      about,
      title: 'None',
      detail: 'Users cannot see or end their other sessions (ASVS 7.5.2, level 2).',
    })
  }
  return inform({ about, title: 'There is one', detail: `Users see and end their sessions at ${page}.` })
}

/** Returns sessions of the first user that earlier checks left logged in, the newest first, at most `most`. */
async function stillLoggedIn({ ask, users }: Audit, most: number): Promise<readonly Login[]> {
  const found: Login[] = []
  const clients = new Set<Client>()
  for (const login of users.logins.toReversed()) {
    if (found.length === most) break
    if (login.role !== 'first' || clients.has(login.client)) continue
    clients.add(login.client)
    if ((await ask.as(login.client, 'is it still logged in')).state === 'in') found.push(login)
  }
  return found
}
