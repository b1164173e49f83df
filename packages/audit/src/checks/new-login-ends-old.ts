import { type Audit, attempt, type Check, type Login, NoLogin } from '../audit/audit.ts'
import { carriedBy, copiesWith, distinct, firstAlive, heldNow } from '../audit/credentials.ts'
import { LoginsLimited } from '../audit/login-gate.ts'
import type { Client, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { cannotJudge, type Finding, fail, pass } from '../model/finding.ts'
import { StepFailed } from '../recipe/fill.ts'

export const newLoginEndsOld: Check = {
  id: 'new-login-ends-old',
  title: 'Logging in again in one browser ends the session before',
  wstg: ['WSTG-SESS-03', 'WSTG-SESS-06'],
  asvs: ['7.2.4'],
  cwe: [613],
  severity: 'low',
  proves: 'Whether a copy of the credential from before a second login in the same client is refused after it.',
  cannotProve: 'The same for a step-up, or for a login as somebody else.',
  why: 'The user has no way left to end the first session: the browser has discarded it, but a thief’s copy stays valid.',
  fix: { text: 'At login, end the session that the request came with.' },
  needs: ['cookies'],
  async run(audit) {
    return [await attempt('second login', () => loginTwice(audit))]
  },
}

/** Longer than the period of a value that is renewed once a second. */
const ONE_SECOND_MS = 1100

async function loginTwice(audit: Audit): Promise<Finding> {
  const about = 'second login'
  const first = await audit.users.login('victim')
  const before = carriedBy(audit, first.credential)
  let again = await logInAgain(audit, first)
  if (carriedBy(audit, heldNow(first)) === before) {
    await audit.time.wait(ONE_SECOND_MS)
    again = await logInAgain(audit, first)
  }
  if (carriedBy(audit, heldNow(first)) === before) {
    const detail =
      'The second login gave out nothing new: either who is logged in is passed by, or the id is kept, so that the browser holds what it needs to end the session. Whether an id from before a login is kept is judged by the check of fixation.'
    return cannotJudge({ about, title: 'Nothing to compare', detail })
  }
  // If ids are renewed with each page, the newest is the one that was sent with the password.
  const newest = { ...first.credential, cookies: again.sent }
  const copies = distinct(audit, [newest, first.credential])
  const probe = await firstAlive(audit, 'copy of the first session', copies)
  if (probe === null)
    return cannotJudge({ about, title: 'Nothing to compare', detail: 'The first login gave out nothing.' })
  const { state, exchange } = probe
  const evidence = [
    audit.say.evidence('The first session is presented after the second login.', [
      ...first.exchanges,
      ...again.exchanges,
      exchange,
    ]),
  ]
  if (state === 'in' && (await areOne(audit, first.client, probe.client))) {
    const detail =
      'The credential of the first login ends with the session of the second, so both are one session. The check fixation judges ids that are kept at login.'
    return cannotJudge({ about, title: 'Nothing to compare', detail })
  }
  if (state === 'in') {
    const detail = 'The session from before the second login lives on beside the new one.'
    return fail({ about, title: 'The session before lives on', detail, evidence })
  }
  if (state === 'unknown') {
    const detail = `Answered ${exchange.response?.status ?? exchange.fault}.`
    return cannotJudge({ about, title: 'No clear answer', detail })
  }
  const detail = 'It is refused after the second login.'
  return pass({ about, title: 'The session before is over', detail, evidence })
}

/**
 * If the value is encrypted anew with each answer, one session has many values. They end together, and sessions of other clients
 * do not.
 */
async function areOne(audit: Audit, client: Client, copy: Client): Promise<boolean> {
  if (audit.app.logoutProblem !== null) return false
  const other = await audit.users.sharedLogin()
  await audit.users.logout(client)
  // The client that was accepted holds what its copy was renewed to.
  const { state } = await audit.ask.as(copy, 'copy of the first session, after the logout of the second')
  return state === 'out' && (await audit.ask.as(other.client, 'is another session still logged in')).state === 'in'
}

export interface SecondLogin {
  /** The cookies that were sent with the password. */
  readonly sent: readonly HeldCookie[]
  readonly exchanges: readonly Exchange[]
}

/**
 * Logs in a second time in the client of the first login. If the login page redirects users who are logged in, the form comes
 * from a clean client, with the cookies that belong to it, as from a tab that was opened earlier.
 */
export async function logInAgain(audit: Audit, first: Login): Promise<SecondLogin> {
  try {
    return await audit.users.login('victim, again', { client: first.client })
  } catch (error) {
    if (!(error instanceof NoLogin) || error instanceof LoginsLimited) throw error
    const again = await withFormFromElsewhere(audit, first)
    if (again === null) throw error
    return again
  }
}

async function withFormFromElsewhere(audit: Audit, first: Login): Promise<SecondLogin | null> {
  const steps = audit.app.recipe.login
  const at = steps.findIndex((step) => JSON.stringify(step).includes('${password}'))
  if (at < 1) return null
  const stranger = {
    ...first,
    client: audit.ask.client('form opened elsewhere'),
    variables: audit.users.variablesOf(first.role),
  }
  try {
    const opened = await audit.users.run(stranger, steps.slice(0, at), 'open the login form')
    const carriers = new Set(audit.app.carriers.flat())
    for (const cookie of stranger.client.cookies()) if (!carriers.has(cookie.name)) first.client.hold(cookie)
    const { exchanges } = await audit.users.run(first, steps.slice(at), 'log in again', opened.variables)
    return { sent: copiesWith(first, exchanges).at(-1)?.cookies ?? [], exchanges }
  } catch (error) {
    if (error instanceof StepFailed) return null
    throw error
  }
}
