import { headerOf } from '../http/exchange.ts'
import { isLoginForm, readPage } from '../http/page.ts'
import { stateOf } from '../recipe/logged-in-check.ts'
import type { LoggedInCheck, Recipe } from '../recipe/recipe.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { findLoggedInCheck } from './logged-in-check.ts'
import { findLogout } from './logout.ts'
import { findRefresh } from './refresh.ts'

/** Makes a recipe from a login. `null` if it did not log in. */
export async function complete(explorer: Explorer, candidate: Candidate): Promise<Recipe | null> {
  if (isRefused(candidate)) return null
  const loggedIn = await findLoggedInCheck(explorer, candidate)
  if (loggedIn === null) return null
  const used = await withoutIdleBearer(explorer, candidate, loggedIn)
  const refresh = await findRefresh(explorer, used)
  const logout = await findLogout(explorer, used, loggedIn, refresh?.token ?? null)
  return {
    login: logout?.login ?? used.steps,
    ...(used.credential === undefined ? {} : { credential: used.credential }),
    loggedIn,
    ...(logout === null ? {} : { logout: logout.steps }),
    ...(refresh === null ? {} : { refresh: refresh.refresh }),
  }
}

/** If a cookie carries the session, what looks like a token in the answer may have another purpose. */
async function withoutIdleBearer(explorer: Explorer, candidate: Candidate, check: LoggedInCheck): Promise<Candidate> {
  const { client, credential, ...rest } = candidate
  if (client.bearer === null || client.cookies().length === 0) return candidate
  const holder = explorer.client('bearer alone')
  holder.bearer = client.bearer
  const look = await holder.send({ url: check.get, purpose: 'does the token log in' })
  if (stateOf(look, check, explorer.variables) !== 'out') return candidate
  client.bearer = null
  return { ...rest, client }
}

/** After a plain refusal, no search for a page with the user's name is needed. */
function isRefused({ exchanges, client }: Candidate): boolean {
  const last = exchanges.at(-1)
  if (last?.response == null || last.response.status >= 400) return true
  const asksAgain = readPage(last.response.body, last.request.url).forms.some(isLoginForm)
  const posted = exchanges.findIndex(({ request }) => request.method === 'POST')
  const setsCookie = exchanges.slice(posted).some(({ response }) => headerOf(response, 'set-cookie') !== null)
  return asksAgain && !setsCookie && client.bearer === null
}
