import { headerOf } from '../http/exchange.ts'
import { isLoginForm, readPage } from '../http/page.ts'
import { textAt } from '../recipe/extract.ts'
import { stateOf } from '../recipe/logged-in-check.ts'
import type { LoggedInCheck, Recipe, Refresh, Step } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { findLoggedInCheck } from './logged-in-check.ts'
import { findLogout } from './logout.ts'

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

const ENDPOINTS = [
  '/auth/refresh',
  '/api/auth/refresh',
  '/refresh',
  '/api/refresh',
  '/token/refresh',
  '/api/token/refresh',
]
const KEYS = ['refresh_token', 'refreshToken', 'refresh', 'token']

interface FoundRefresh {
  readonly refresh: Refresh
  /** The token that is valid now. That of the login was used. */
  readonly token: string
}

/** Finds where a refresh token of the login is exchanged for a new credential. */
async function findRefresh(explorer: Explorer, candidate: Candidate): Promise<FoundRefresh | null> {
  const { refreshToken, client } = candidate
  const bearerPath = candidate.credential?.bearer?.json
  if (refreshToken === undefined || bearerPath === undefined) return null
  const variables = new Map([...explorer.variables, ['refreshToken', refreshToken.value] as const])
  // The name under which the login issued it is the most likely one to accept it.
  const own = refreshToken.path.split('.').at(-1) ?? ''
  const login = candidate.steps.at(-1)?.post ?? '/'
  const slash = login.endsWith('/') ? '/' : ''
  const parents = [login.replace(/\/$/, ''), login.replace(/\/[^/]*\/?$/, '')]
  for (const endpoint of new Set([...parents.map((parent) => `${parent}/refresh${slash}`), ...ENDPOINTS])) {
    for (const key of new Set([own, ...KEYS])) {
      const steps: Step[] = [{ post: endpoint, json: { [key]: '${refreshToken}' } }]
      const { exchanges } = await runSteps(client, steps, variables, 'look for the refresh', explorer.learn)
      const response = exchanges.at(-1)?.response
      if (response == null || [404, 405].includes(response.status)) break
      const token = response.status < 300 ? textAt(response.body, bearerPath) : null
      if (token === null) continue
      explorer.learn(token, 'bearer', `${bearerPath} in the answer to the refresh`)
      client.bearer = token
      const next = textAt(response.body, refreshToken.path) ?? refreshToken.value
      explorer.learn(next, 'refresh token', `${refreshToken.path} in the answer to the refresh`)
      return { refresh: { token: { json: refreshToken.path }, steps }, token: next }
    }
  }
  return null
}
