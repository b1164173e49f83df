import type { Audit, Check, Login } from '../audit/audit.ts'
import { copiesWith, distinct, firstAlive } from '../audit/credentials.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'
import { StepFailed } from '../recipe/fill.ts'
import type { StepsDone } from '../recipe/run-steps.ts'
import { createPasswordKeeper, type PasswordKeeper, SUFFIX } from './lib/password-keeper.ts'

export const passwordChange: Check = {
  id: 'password-change',
  title: 'A changed password ends the other sessions',
  wstg: ['WSTG-SESS-06'],
  asvs: ['7.4.3', '7.2.4'],
  cwe: [613],
  severity: 'medium',
  proves:
    'Whether another session of the user, and a copy of the one that changed the password, stay valid after the change.',
  cannotProve: 'Whether users are offered to end them in a separate step, which ASVS allows.',
  why: 'A user who changes the password because somebody else knows it believes that the other one is logged out now.',
  fix: {
    text: 'End all other sessions of the user when the password changes, and give the one that changed it a new id.',
    snippets: {
      Django: 'update_session_auth_hash(request, user)  # and SessionAuthentication by password hash, the default',
      Rails: 'Session.where(user: current_user).where.not(id: current_session).destroy_all; reset_session',
      Laravel: 'Auth::logoutOtherDevices($password)',
      'express-session': 'delete the user’s other sessions from the store; keep an index of session ids by user',
    },
  },
  needs: ['changes', 'password-change'],
  async run(audit) {
    const changer = await audit.users.login('the one that changes the password')
    // A new login: if logins are already limited, the password is not changed.
    const other = await audit.users.login('another session', { fresh: true })
    const old = audit.users.variablesOf('first').get('password') ?? ''
    const keeper = createPasswordKeeper(audit, old, [changer])
    audit.say.warn(
      `Changing the password of the user. If the audit is killed before it is restored, it is the old one followed by ${SUFFIX}.`,
    )
    audit.time.atEnd(() => keeper.putBack())
    const change = await changePassword(audit, changer, keeper, `${old}${SUFFIX}`)
    if (typeof change === 'string')
      return [cannotJudge({ about: 'change', title: 'The password could not be changed', detail: change })]
    const findings = [await otherSession(audit, changer, other, change), await copyOfOwn(audit, changer, change)]
    // If that takes long, it is done at the end of the audit.
    if ((await keeper.putBack(0)) === null) audit.say.warn('The password is the old one again.')
    return findings
  },
}

/** Resolves to a description of why it did not work. */
async function changePassword(
  audit: Audit,
  login: Login,
  keeper: PasswordKeeper,
  next: string,
): Promise<StepsDone | string> {
  const old = audit.users.variablesOf(login.role).get('password') ?? ''
  audit.say.hide(next, 'new password', `the password, with ${SUFFIX} behind it`)
  const { steps = [] } = audit.app.recipe.passwordChange ?? {}
  // From here on either password may be valid, and both must be masked before one is tried.
  try {
    const done = await audit.users.run(login, steps, 'change the password', new Map([['newPassword', next]]))
    audit.users.setPassword(login.role, next)
    keeper.changed(await audit.users.login('with the new password', { fresh: true, unsure: true }))
    return done
  } catch (error) {
    audit.users.setPassword(login.role, old)
    if (error instanceof StepFailed) return `a step failed: ${error.message}`
    return `after the change the new password does not log in: ${error instanceof Error ? error.message : error}`
  }
}

async function otherSession(audit: Audit, changer: Login, other: Login, change: StepsDone): Promise<Finding> {
  const about = 'other session'
  const { state, exchange } = await audit.ask.with('another session, after the change', other.credential)
  const exchanges = [...changer.exchanges, ...other.exchanges, ...change.exchanges, exchange]
  const evidence = [audit.say.evidence('Another session of the user after the password was changed.', exchanges)]
  if (state === 'in') {
    const detail = 'Another session of the user is still logged in after the password was changed.'
    return fail({
      about,
      title: 'Other sessions stay valid after a password change',
      detail,
      confidence: 'firm',
      evidence,
    })
  }
  if (state === 'unknown')
    return cannotJudge({
      about,
      title: 'No clear answer',
      detail: `Answered ${exchange.response?.status ?? exchange.fault}.`,
    })
  return pass({
    about,
    title: 'Other sessions end',
    detail: 'Another session is refused after the password was changed.',
    evidence,
  })
}

async function copyOfOwn(audit: Audit, changer: Login, change: StepsDone): Promise<Finding> {
  const about = 'copy of the own session'
  const changed = change.exchanges.findLastIndex(({ request }) => request.method !== 'GET')
  const upTo = change.exchanges.slice(0, changed === -1 ? undefined : changed + 1)
  const copies = distinct(audit, [...copiesWith(changer, upTo), changer.credential])
  const probe = await firstAlive(audit, 'copy of the session that changed it', copies)
  if (probe === null) return cannotJudge({ about, title: 'No copy', detail: 'It held nothing that carries a session.' })
  const { state, exchange } = probe
  const exchanges = [...changer.exchanges, ...change.exchanges, exchange]
  const evidence = [audit.say.evidence('A copy, from before, of the session that changed the password.', exchanges)]
  if (state === 'unknown')
    return cannotJudge({
      about,
      title: 'No clear answer',
      detail: `Answered ${exchange.response?.status ?? exchange.fault}.`,
    })
  if (state === 'out')
    return pass({
      about,
      title: 'The session that changed it gets a new id',
      detail: 'A copy from before the change is refused.',
      evidence,
    })
  const detail = 'The session that changed the password keeps its id, so a stolen copy of it stays valid.'
  return inform({ about, title: 'The session that changed it keeps its id', detail, evidence })
}
