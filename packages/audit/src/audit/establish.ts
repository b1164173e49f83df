import { valuesOf } from '../http/exchange.ts'
import { madeUpCredential } from '../http/made-up.ts'
import type { State } from '../recipe/logged-in-check.ts'
import { type Login, NoLogin, type Probe } from './audit.ts'
import { findCarriers, stillIn } from './carriers.ts'
import type { RunningAudit } from './create-audit.ts'
import { heldNow } from './credentials.ts'

const ONE_SECOND_MS = 1100

/**
 * Tests the logged-in check itself before anything is judged by it: it must refuse a client without a credential, and one with a
 * made-up credential. Resolves to the reason why no verdict can be trusted, or to `null`.
 */
export async function establish(audit: RunningAudit): Promise<string | null> {
  const anonymous = await audit.ask.as(audit.ask.client('anonymous'))
  if (anonymous.state !== 'out') return says('a client that never logged in', anonymous)
  let login: Login
  try {
    login = await audit.users.login('victim')
  } catch (error) {
    if (error instanceof NoLogin) return error.message
    throw error
  }
  const again = await lookTwice(audit, login)
  if (again !== 'in') return 'a logged-in client was refused at its second request'
  const madeUp = await audit.ask.with('made-up credential', madeUpCredential(login.credential))
  if (madeUp.state !== 'out') return says('a made-up credential', madeUp)
  const problem = await findOutCarriers(audit, login)
  if (problem !== null) return problem
  // Presenting the carriers one by one may have ended the session, for example if a remember-me cookie works once.
  audit.app.logoutProblem = await tryLogout(audit, await stillIn(audit, login))
  return null
}

const says = (who: string, { state, exchange: { response, fault } }: Probe) =>
  state === 'in'
    ? `the logged-in check accepts ${who} as logged in, so its answers prove nothing`
    : `the application does not answer the logged-in check for ${who} (${response?.status ?? fault})`

/** A value that is renewed once a second is set with each answer, but stays the same within that second. */
async function lookTwice(audit: RunningAudit, { client }: Login): Promise<State> {
  const { state, exchange } = await audit.ask.as(client)
  const given = valuesOf(exchange.response?.headers ?? [], 'set-cookie').map((line) => line.split(';')[0] ?? '')
  const isSetAgain = client.heldAt(exchange).some(({ name, value }) => given.includes(`${name}=${value}`))
  if (state !== 'in' || !isSetAgain) return state
  await audit.time.wait(ONE_SECOND_MS)
  return (await audit.ask.as(client)).state
}

async function findOutCarriers(audit: RunningAudit, login: Login): Promise<string | null> {
  const { sets, bearer, askedForPassword, login: alive } = await findCarriers(audit, login)
  audit.app.carriers = sets
  if (askedForPassword !== null)
    return `the logged-in check accepts a page that asks for a password: a client with only ${askedForPassword} gets that page, and counts as logged in`
  if (sets.length > 0 || bearer) return null
  const whole = await audit.ask.with('all that the login gave', heldNow(alive))
  if (whole.state !== 'in') {
    return 'a clean client with everything the login gave is not logged in: the application ties a session to something else, or ends it when it is copied'
  }
  // Cookies and token suffice only together.
  audit.app.carriers = [[...new Set(alive.credential.cookies.map(({ name }) => name))]]
  return null
}

/** After a logout, the client that asked for it must be logged out. Otherwise the state of other clients proves nothing. */
async function tryLogout(audit: RunningAudit, login: Login): Promise<string | null> {
  if (audit.app.recipe.logout === undefined) return 'no logout is known; a recipe can name it'
  // A bearer client logs out by discarding its token. There is no cookie jar that an answer could empty.
  const holdsToken = audit.app.carriers.length === 0
  try {
    const exchanges = await audit.users.logout(login.client)
    audit.app.firstLogout = { login, exchanges }
    const status = exchanges.at(-1)?.response?.status ?? 0
    if (status === 0 || status >= 400) return `the logout was answered ${status === 0 ? 'not at all' : status}`
  } catch (error) {
    return `the logout does not work: ${error instanceof Error ? error.message : String(error)}`
  }
  if (holdsToken) return null
  const { state } = await audit.ask.as(login.client, 'logged-in check after the logout')
  return state === 'out' ? null : 'after the logout the client that asked for it is still logged in'
}
