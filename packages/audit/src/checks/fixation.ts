import { type Audit, attempt, type Check, type Login, NoLogin } from '../audit/audit.ts'
import type { Credential, HeldCookie } from '../http/client.ts'
import { madeUpLike } from '../http/made-up.ts'
import { cannotJudge, type Finding, fail, pass } from '../model/finding.ts'
import { USERS_ALIKE } from './lib/two-users.ts'

export const fixation: Check = {
  id: 'fixation',
  title: 'Session fixation',
  wstg: ['WSTG-SESS-03'],
  asvs: ['7.2.4'],
  cwe: [384],
  severity: 'high',
  proves:
    'Whether values that a client held before the login, alone in a clean client, are logged in after it: an id that the application issued, or one that was made up.',
  cannotProve: 'That no other change of privilege keeps the id: a step-up, a change of role.',
  why: 'An attacker who sets or learns the session id before the login is logged in as the victim once the victim logs in.',
  fix: {
    text: 'Issue a new session id when a user logs in, end the old one, and never accept an id that the server did not issue.',
    snippets: {
      'express-session': 'req.session.regenerate((error) => { req.session.userId = user.id; req.session.save(done) })',
      PHP: 'session_regenerate_id(true); // and session.use_strict_mode = 1',
      Django: 'django.contrib.auth.login(request, user)  # cycles the key',
      Rails: 'reset_session',
      'Spring Security': 'http.sessionManagement(s -> s.sessionFixation(f -> f.changeSessionId()))',
      Flask: 'session.clear() before setting the user (Flask-Session: session.regenerate)',
    },
  },
  needs: ['cookies'],
  async run(audit) {
    return [
      await attempt('kept id', () => kept(audit)),
      await attempt('given id', () => forced(audit)),
      await attempt('planted id', () => planted(audit)),
      ...(audit.app.hasSecondUser ? [await attempt('id of another user', () => ofAnotherUser(audit))] : []),
    ]
  },
}

/** The cookies exactly as they were sent with the password: anyone who saw them then must not be logged in now. */
async function kept(audit: Audit): Promise<Finding> {
  const login = await audit.users.login('victim')
  if (login.sent.length === 0) {
    return pass({
      about: 'kept id',
      title: 'No id is given out before the login',
      detail: 'No cookie was sent with the password.',
    })
  }
  return judgeKnownIds(audit, 'kept id', login, login.sent, 'The cookies that were sent with the password')
}

/** The attacker visits the application, and plants the received cookies in the victim's browser. */
async function forced(audit: Audit): Promise<Finding> {
  const attacker = audit.ask.client('attacker')
  const [first] = audit.app.recipe.login
  await attacker.follow({ url: first?.get ?? audit.app.target.href, purpose: 'get cookies as a visitor' })
  await attacker.follow({ url: audit.app.target.href, purpose: 'get cookies as a visitor' })
  const known = attacker.cookies()
  if (known.length === 0) {
    return pass({
      about: 'given id',
      title: 'Visitors get no id',
      detail: 'A visit sets no cookie, so there is none to plant.',
    })
  }
  return judgeKnownIds(
    audit,
    'given id',
    await loginWith(audit, known),
    known,
    'Cookies that a visitor was given and planted',
  )
}

/** A new value in each run, because an id that was accepted once would stay valid. */
async function planted(audit: Audit): Promise<Finding> {
  const template = await audit.users.sharedLogin()
  const names = new Set(audit.app.carriers.flat())
  const known = template.credential.cookies
    .filter(({ name }) => names.has(name))
    .map((cookie) => ({ ...cookie, value: madeUpLike(cookie.value) }))
  for (const { name, value } of known)
    audit.say.hide(value, `planted ${name}`, `made up: any fresh random value of that shape`)
  return judgeKnownIds(audit, 'planted id', await loginWith(audit, known), known, 'Made-up values')
}

/** Any user can plant a session that is logged in. An application that renews a visitor's id may keep that one. */
async function ofAnotherUser(audit: Audit): Promise<Finding> {
  const about = 'id of another user'
  const attacker = await audit.users.login('attacker', { role: 'second' })
  const before = await audit.ask.with('attacker', attacker.credential)
  if (before.state === 'in') return cannotJudge({ about, title: 'Users look alike', detail: USERS_ALIKE })
  const { cookies } = attacker.credential
  return judgeKnownIds(audit, about, await loginWith(audit, cookies), cookies, 'Cookies of another user’s session')
}

async function loginWith(audit: Audit, cookies: readonly HeldCookie[]): Promise<Login> {
  const client = audit.ask.client('victim with planted cookies')
  for (const cookie of cookies) client.hold(cookie)
  const login = () => audit.users.login('victim with planted cookies', { client })
  try {
    return await login()
  } catch (error) {
    // An application that refuses every request with an unknown id may delete it in the answer. The victim then tries again
    // without it.
    const left = client.cookies().map(({ name, value }) => `${name}=${value}`)
    if (!(error instanceof NoLogin) || cookies.every(({ name, value }) => left.includes(`${name}=${value}`)))
      throw error
    return login()
  }
}

/** Tests whether the values that the attacker knows, alone in a clean client, are logged in. */
async function judgeKnownIds(
  audit: Audit,
  about: string,
  login: Login,
  known: readonly HeldCookie[],
  what: string,
): Promise<Finding> {
  const credential: Credential = { cookies: known, bearer: null }
  const { state, exchange } = await audit.ask.with('attacker', credential)
  const names = known.map(({ name }) => name).join(', ')
  if (state === 'in') {
    const says = `${what}, alone in a clean client, are logged in after the victim's login.`
    return fail({
      about,
      title: 'An id from before the login is logged in after it',
      detail: `${what} (${names}) are logged in after the login.`,
      evidence: [audit.say.evidence(says, [...login.exchanges, exchange])],
    })
  }
  // That the attacker is logged out proves something only while the victim is logged in.
  const control = await audit.ask.as(login.client, 'is the victim still logged in')
  if (state === 'unknown' || control.state !== 'in') {
    const detail = `The answer to the attacker was ${exchange.response?.status ?? exchange.fault}; the victim was ${control.state}.`
    return cannotJudge({ about, title: 'No clear answer', detail })
  }
  const detail = `${what} (${names}) are not logged in after the login.`
  return pass({
    about,
    title: 'The id from before the login opens nothing',
    detail,
    evidence: [audit.say.evidence(detail, [exchange])],
  })
}
