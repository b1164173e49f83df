import { headerOf } from '../http/exchange.ts'
import type { Step } from '../recipe/recipe.ts'
import { tryLogin } from './complete.ts'
import type { Candidate, Explorer } from './explorer.ts'

const ENDPOINTS = [
  '/login',
  '/api/login',
  '/auth/login',
  '/api/auth/login',
  '/api/v1/auth/login',
  '/api/v1/login',
  '/api/sessions',
  '/api/session',
  '/sessions',
  '/session',
  '/users/login',
  '/api/users/login',
  '/rest/user/login',
  '/signin',
  '/api/signin',
  '/auth/signin',
  '/auth/sign-in',
  '/api/auth/sign-in/email',
  '/api/token',
  '/token',
  '/auth',
]

/** Logins by every JSON endpoint at the usual places that takes a POST. */
export async function* jsonLogins(explorer: Explorer): AsyncGenerator<Candidate> {
  for (const endpoint of ENDPOINTS) {
    if (!(await takesPosts(explorer, endpoint))) continue
    let refused: Candidate | null = null
    for (const key of keysFor(explorer.user.name)) {
      const step: Step = { post: endpoint, json: { [key]: '${user}', password: '${password}' }, follow: false }
      const candidate = await tryLogin(explorer, [step], `POST ${endpoint} with ${key} and password as JSON`)
      const response = candidate?.exchanges.at(-1)?.response
      if (candidate === null || response == null || response.status === 429) return
      if (response.status >= 400) refused ??= candidate
      // Neither a cookie nor a token: whatever this was, it was no login.
      if (response.status >= 300 || (candidate.credential === undefined && candidate.client.cookies().length === 0))
        continue
      yield candidate
    }
    // Nothing to go on with, but to be named among what was tried.
    if (refused !== null) yield refused
  }
}

/** Asked with nothing in it, so that it does not count as a wrong password. */
async function takesPosts(explorer: Explorer, url: string): Promise<boolean> {
  const { response } = await explorer.client('explorer').send({
    method: 'POST',
    url,
    headers: [['content-type', 'application/json']],
    body: '{}',
    purpose: 'look for a login endpoint',
  })
  if (response === null || response.status >= 500 || [404, 405].includes(response.status)) return false
  // Pages, and redirects to them, are for people.
  return response.status < 300 || response.status >= 400
    ? headerOf(response, 'content-type')?.includes('html') !== true
    : false
}

const keysFor = (name: string) =>
  name.includes('@') ? ['email', 'username', 'login'] : ['username', 'user', 'login', 'email']
