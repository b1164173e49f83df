import { headerOf } from '../http/exchange.ts'
import type { Step } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
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
    for (const key of keysFor(explorer.user.name)) {
      const step: Step = { post: endpoint, json: { [key]: '${user}', password: '${password}' }, follow: false }
      const client = explorer.client('first login')
      const { exchanges } = await runSteps(client, [step], explorer.variables, 'try the endpoint', explorer.learn)
      const response = exchanges.at(-1)?.response
      if (response == null || response.status === 429) return
      if (response.status >= 300) continue
      const tokens = tokensIn(response.body)
      const { access, refresh } = tokens
      // Neither a cookie nor a token: whatever this was, it was no login.
      if (access === null && client.cookies().length === 0) continue
      if (access !== null) {
        explorer.learn(access.value, 'bearer', `${access.path} in the answer to the login`)
        client.bearer = access.value
      }
      if (refresh !== null) explorer.learn(refresh.value, 'refresh token', `${refresh.path} in the answer to the login`)
      yield {
        words: `POST ${endpoint} with ${key} and password as JSON`,
        steps: [step],
        client,
        exchanges,
        ...(access === null ? {} : { credential: { bearer: { json: access.path } } }),
        ...(refresh === null ? {} : { refreshToken: refresh }),
      }
    }
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

interface Found {
  readonly path: string
  readonly value: string
}

/** Tokens in a JSON answer, by the names they go under. */
function tokensIn(body: string): { access: Found | null; refresh: Found | null } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return { access: null, refresh: null }
  }
  const all = textsOf(parsed, '').filter(({ value }) => value.length >= 16 && !/\s/.test(value))
  const named = (pattern: RegExp) => all.find(({ path }) => pattern.test(path.split('.').at(-1) ?? ''))
  const access =
    named(/^(access[_-]?token|access|jwt|bearer|auth[_-]?token|session[_-]?token)$/i) ??
    named(/^token$/i) ??
    named(/^id[_-]?token$/i)
  return { access: access ?? null, refresh: named(/refresh/i) ?? null }
}

function textsOf(value: unknown, path: string): Found[] {
  if (typeof value === 'string') return [{ path, value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, held]) => textsOf(held, path === '' ? key : `${path}.${key}`))
}
